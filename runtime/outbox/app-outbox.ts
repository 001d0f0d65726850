import { RiskflowError, type DeadDeliveryRow, type SinkSettings } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import { openSinks } from './open-sinks.ts';
import { redeliverTo, type RedeliveredSink } from './redeliver.ts';
import type { RelayNews } from './relay-types.ts';
import { deliverOnce, runRelays, type DeliveredSink } from './run-relays.ts';

export type OutboxWatch = {
  readonly signal: AbortSignal;
  readonly onNews: (news: RelayNews) => void;
  /** Told what the client of a broker says that a person should know. */
  readonly onNotice: (sentence: string) => void;
};

const sinksOf = ({ settings }: Context): Readonly<Record<string, SinkSettings>> => settings.config.sinks ?? {};

const openAppSinks = ({ settings, outgoing }: Context, { onNotice }: Pick<OutboxWatch, 'onNotice'>) =>
  openSinks({ environment: settings.environment, folder: process.cwd(), outgoing, onNotice });

/**
 * Tells decisions and alerts to the sinks of the configuration until the signal aborts; at once where there are none.
 * @throws RiskflowError for a sink that is not set as it must be
 */
export async function keepOutbox(context: Context, watch: OutboxWatch): Promise<void> {
  const sinks = sinksOf(context);
  if (Object.keys(sinks).length === 0) return;
  await runRelays(context, { sinks, openSink: openAppSinks(context, watch), signal: watch.signal, onNews: watch.onNews });
}

/** Tells what is due now to one sink of the configuration, or to all. @throws RiskflowError `not_found` */
export async function deliverDue(context: Context, watch: OutboxWatch & { readonly sink?: string }): Promise<readonly DeliveredSink[]> {
  const sinks = Object.fromEntries(wantedSinks(context, watch.sink));
  return deliverOnce(context, { sinks, openSink: openAppSinks(context, watch), signal: watch.signal, onNews: watch.onNews });
}

/** Messages that one sink of the configuration, or any, was not given for good; of each sink the oldest first. @throws RiskflowError `not_found` */
export async function listDeadDeliveries(
  context: Context,
  { sink, limit }: { readonly sink?: string; readonly limit: number },
): Promise<readonly DeadDeliveryRow[]> {
  const { storage, workspaceId } = context;
  const wanted = wantedSinks(context, sink);
  await storage.projections.catchUp(workspaceId);
  const rows: DeadDeliveryRow[] = [];
  for (const [name] of wanted)
    rows.push(...(await storage.read.deadDeliveries(workspaceId, { sink: name, limit: Math.max(0, limit - rows.length) })));
  return rows;
}

/** Tries again what one sink of the configuration, or any, was not given for good. @throws RiskflowError `not_found`; LeaseHeld */
export async function redeliverDead(
  context: Context,
  watch: Omit<OutboxWatch, 'onNews'> & { readonly sink?: string; readonly messageId?: string },
): Promise<readonly RedeliveredSink[]> {
  const { sink, messageId, signal } = watch;
  const openSink = openAppSinks(context, watch);
  const options = { openSink, signal, ...(messageId === undefined ? {} : { messageId }) };
  const redelivered: RedeliveredSink[] = [];
  for (const [name, settings] of wantedSinks(context, sink)) redelivered.push(await redeliverTo(context, { name, settings }, options));
  return redelivered;
}

function wantedSinks(context: Context, sink: string | undefined): readonly (readonly [string, SinkSettings])[] {
  const all = sinksOf(context);
  const wanted = Object.entries(all).filter(([name]) => sink === undefined || name === sink);
  if (sink === undefined || wanted.length > 0) return wanted;
  const names = Object.keys(all).join(', ');
  throw new RiskflowError('not_found', `there is no sink ${sink} in the configuration`, {
    hint: names === '' ? 'docs/outbox.md tells how to write one' : `there are: ${names}`,
  });
}
