import { messageOf, RiskflowError } from '../../schemas/index.ts';

/** Which Temporal server, and where on it. */
export type TemporalPlace = {
  /** host:port of the frontend. */
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Shown in Temporal as who did it; by default process id and host. */
  readonly identity?: string;
};

/** Connects, or says in one sentence that there is nobody. */
export async function connected<T>(address: string, connect: () => Promise<T>): Promise<T> {
  try {
    return await connect();
  } catch (cause) {
    throw new RiskflowError('failed', `no Temporal server answers at ${address}: ${messageOf(cause)}`, {
      cause,
      hint: 'check the address, or start a server with `npm run stack -- up`',
    });
  }
}
