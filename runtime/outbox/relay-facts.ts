import { RiskflowError, type DeliveryEvent, type Fence, type WriteResult } from '../../schemas/index.ts';
import { relayName, type RelayDeps, type RelaySpec } from './relay-types.ts';

/** Somebody else goes on with the part. */
export class PartLost extends RiskflowError {}

const refusedStream = (sink: string): string => `relay/${sink}`;
const redeliveredStream = (sink: string): string => `relay/${sink}/redelivered`;
export const delayedStream = (sink: string, part: number): string => `relay/${sink}/${part}`;

type FactDeps = Pick<RelayDeps, 'workspaceId' | 'storage' | 'actor'>;
type About<T extends DeliveryEvent['type']> = Extract<DeliveryEvent, { readonly type: T }>['data'];

/** Notes that a message is passed over; once, however often it is sent again. */
export async function recordRefused(deps: FactDeps, spec: RelaySpec, data: About<'DeliveryRefused'>, fence: Fence): Promise<void> {
  await record(deps, {
    claim: { scope: `refused/${relayName(spec)}`, key: data.messageId, value: data.reason },
    stream: refusedStream(spec.sink),
    event: { type: 'DeliveryRefused', data },
    fence,
  });
}

/** Notes that a message that was passed over has arrived after all. */
export async function recordRedelivered(deps: FactDeps, data: About<'DeliveryRedelivered'>, fence: Fence): Promise<void> {
  await record(deps, { stream: redeliveredStream(data.sink), event: { type: 'DeliveryRedelivered', data }, fence });
}

/** Notes that a message could not be delivered, once. @returns when that was first so: here, or in a process before this one */
export async function recordDelayed(deps: FactDeps, spec: RelaySpec, data: About<'DeliveryDelayed'>, fence: Fence): Promise<number> {
  const result = await record(deps, {
    claim: { scope: `delayed/${relayName(spec)}`, key: data.messageId, value: String(data.at) },
    stream: delayedStream(spec.sink, data.part),
    event: { type: 'DeliveryDelayed', data },
    fence,
  });
  return result.status === 'claimed' ? Number(result.value) : data.at;
}

async function record(
  { workspaceId, storage, actor }: FactDeps,
  fact: {
    /** Written once for it. */
    readonly claim?: { readonly scope: string; readonly key: string; readonly value: string };
    readonly stream: string;
    readonly event: DeliveryEvent;
    readonly fence: Fence;
  },
): Promise<WriteResult> {
  const result = await storage.events.write({
    workspaceId,
    actor,
    fence: fact.fence,
    ...(fact.claim === undefined ? {} : { claims: [fact.claim] }),
    appends: [{ log: 'ledger', stream: fact.stream, events: [fact.event], expected: { any: true } }],
  });
  if (result.status === 'stale-fence') throw new PartLost('taken_over', `${result.resource} was taken over by another process`);
  if (result.status === 'conflict') throw new RiskflowError('internal', `what became of a message could not be noted in ${result.stream}`);
  return result;
}
