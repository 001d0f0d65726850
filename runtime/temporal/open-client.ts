import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import type { Context } from '../context.ts';
import { connected, tlsOptions, type TemporalPlace } from './address.ts';
import { dataConverter } from './codec-converter.ts';
import { payloadBlobs, type PayloadBlobs } from './payload-blobs.ts';
import { neededTemporal } from './place.ts';

/** A client of the server of a place. Every client of this program is opened here, so that all of them read each other's payloads. */
export type TemporalClient = { readonly client: Client; readonly connection: Connection; readonly close: () => Promise<void> };

const CONNECT_MS = 5_000;

/**
 * @param blobs where large payloads lie; without them a client can neither send nor read any of more than 2 MiB
 * @throws RiskflowError `failed` when no server answers
 */
export async function openTemporalClient(place: TemporalPlace, blobs?: PayloadBlobs): Promise<TemporalClient> {
  const { address, namespace, identity } = place;
  const connection = await connected(address, () => connectOrClose({ address, connectTimeout: CONNECT_MS, ...tlsOptions(place) }));
  return {
    client: new Client({
      connection,
      namespace,
      dataConverter: dataConverter(place, blobs),
      ...(identity === undefined ? {} : { identity }),
    }),
    connection,
    close: () => connection.close(),
  };
}

/** `Connection.connect` of the SDK leaves a channel behind that tries for ever, and keeps the process from ending. */
async function connectOrClose(options: ConnectionOptions): Promise<Connection> {
  const connection = Connection.lazy(options);
  try {
    await connection.ensureConnected();
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** The same for the application: its place and its storage. @throws RiskflowError `usage` when no server is set, `failed` when none answers */
export const openAppClient = (context: Pick<Context, 'settings' | 'storage' | 'workspaceId'>): Promise<TemporalClient> =>
  openTemporalClient(neededTemporal(context.settings.temporal), payloadBlobs(context.storage, context.workspaceId));
