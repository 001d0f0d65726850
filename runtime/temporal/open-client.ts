import { Client, Connection } from '@temporalio/client';
import { connected, tlsOptions, type TemporalPlace } from './address.ts';

/** A client of the server of a place. Every client of this program is opened here, so that all of them read each other's payloads. */
export type TemporalClient = { readonly client: Client; close(): Promise<void> };

const CONNECT_MS = 5_000;

/** @throws RiskflowError `failed` when no server answers. */
export async function openTemporalClient(place: TemporalPlace): Promise<TemporalClient> {
  const { address, namespace, identity } = place;
  const connection = await connected(address, () => Connection.connect({ address, connectTimeout: CONNECT_MS, ...tlsOptions(place) }));
  return {
    client: new Client({ connection, namespace, ...(identity === undefined ? {} : { identity }) }),
    close: () => connection.close(),
  };
}
