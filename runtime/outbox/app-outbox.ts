import { RiskflowError, type SinkSettings } from '../../schemas/index.ts';
import type { Context } from '../context.ts';
import { openSinks } from './open-sinks.ts';
import type { RelayNews } from './relay-types.ts';
import { deliverOnce, runRelays, type DeliveredSink } from './run-relays.ts';

export type OutboxWatch = {
  readonly signal: AbortSignal;
  readonly onNews: (news: RelayNews) => void;
  /** Told what the client of a broker says that a person should know. */
  readonly onNotice: (sentence: string) => void;
};

const sinksOf = ({ settings }: Context): Readonly<Record<string, SinkSettings>> => settings.config.sinks ?? {};

const openAppSinks = ({ settings }: Context, { onNotice }: OutboxWatch) =>
  openSinks({ environment: settings.environment, folder: process.cwd(), onNotice });

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
  const all = sinksOf(context);
  const { sink } = watch;
  const wanted = Object.entries(all).filter(([name]) => sink === undefined || name === sink);
  if (sink !== undefined && wanted.length === 0) {
    const names = Object.keys(all).join(', ');
    throw new RiskflowError('not_found', `there is no sink ${sink} in the configuration`, {
      hint: names === '' ? 'docs/outbox.md tells how to write one' : `there are: ${names}`,
    });
  }
  const sinks = Object.fromEntries(wanted);
  return deliverOnce(context, { sinks, openSink: openAppSinks(context, watch), signal: watch.signal, onNews: watch.onNews });
}
