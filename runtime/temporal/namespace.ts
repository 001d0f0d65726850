import { RiskflowError } from '../../schemas/index.ts';
import { CONNECT_MS } from './connect.ts';
import type { TemporalPlace } from './address.ts';

/** Status of gRPC for what is not there. */
const NOT_FOUND = 5;

/** What is asked of a connection, the client's or the worker's. */
type Server = {
  readonly workflowService: { describeNamespace(request: { namespace: string }): Promise<unknown> };
  withDeadline<T>(deadline: number, ask: () => Promise<T>): Promise<T>;
};

/**
 * Looks whether the namespace of a place is there, which a connection alone does not tell. A server that does not say so (rights, trouble)
 * is taken at its word later. @throws RiskflowError `failed` when it is not there
 */
export async function checkNamespace(server: Server, { address, namespace }: TemporalPlace): Promise<void> {
  try {
    await server.withDeadline(Date.now() + CONNECT_MS, () => server.workflowService.describeNamespace({ namespace }));
  } catch (cause) {
    if (!isNotFound(cause)) return;
    throw new RiskflowError('failed', `the namespace ${missingNamespace(namespace)}, on the Temporal server at ${address}`, {
      cause,
      hint: namespaceRemedy(namespace),
    });
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === NOT_FOUND;

export const missingNamespace = (namespace: string): string => `${namespace} is not there, or not for us`;

export const namespaceRemedy = (namespace: string): string =>
  `make it: temporal operator namespace create --namespace ${namespace} --retention 168h; or set temporal.namespace`;
