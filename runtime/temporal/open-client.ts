import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client';
import type { Context } from '../context.ts';
import { tlsOptions, type TemporalPlace } from './address.ts';
import { dataConverter } from './codec-converter.ts';
import { CONNECT_MS, connected } from './connect.ts';
import { endableCalls } from './endable-calls.ts';
import { checkNamespace } from './namespace.ts';
import { payloadBlobs, type PayloadBlobs } from './payload-blobs.ts';
import { neededTemporal } from './place.ts';

/** A client of the server of a place. Every client of this program is opened here, so that all of them read each other's payloads. */
export type TemporalClient = { readonly client: Client; readonly connection: Connection; readonly close: () => Promise<void> };

/**
 * @param blobs where large payloads lie; without them a client can neither send nor read any of more than 2 MiB
 * @throws RiskflowError `failed` when no server answers, or when it has no such namespace
 */
export async function openTemporalClient(place: TemporalPlace, blobs?: PayloadBlobs): Promise<TemporalClient> {
  const opened = await openAnyNamespace(place, blobs);
  try {
    await checkNamespace(opened.connection, place);
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** The same whether the namespace is there or not. @throws RiskflowError `failed` when no server answers */
export async function openAnyNamespace(place: TemporalPlace, blobs?: PayloadBlobs): Promise<TemporalClient> {
  const { address, namespace, identity } = place;
  const calls = endableCalls();
  const options: ConnectionOptions = {
    address,
    connectTimeout: CONNECT_MS,
    ...tlsOptions(place),
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), calls.interceptor],
  };
  const close = async (connection: Connection): Promise<void> => {
    calls.end();
    await connection.close();
  };
  const connection = await connected(place, () => connectOrClose(options, close));
  return {
    client: new Client({
      connection,
      namespace,
      dataConverter: dataConverter(place, blobs),
      ...(identity === undefined ? {} : { identity }),
    }),
    connection,
    close: () => close(connection),
  };
}

/** `Connection.connect` of the SDK leaves a channel behind that tries for ever, and keeps the process from ending. */
async function connectOrClose(options: ConnectionOptions, close: (connection: Connection) => Promise<void>): Promise<Connection> {
  const connection = Connection.lazy(options);
  try {
    await connection.ensureConnected();
    return connection;
  } catch (error) {
    await close(connection);
    throw error;
  }
}

/** The same for the application: its place and its storage. @throws RiskflowError `usage` when no server is set, `failed` when none answers */
export const openAppClient = (context: Pick<Context, 'settings' | 'storage' | 'workspaceId'>): Promise<TemporalClient> =>
  openTemporalClient(neededTemporal(context.settings.temporal), payloadBlobs(context.storage, context.workspaceId));
