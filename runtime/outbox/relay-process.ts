import { openSinks } from './open-sinks.ts';
import { openOutboxRig, webhook } from './outbox-rig.ts';
import { runRelays } from './run-relays.ts';

/**
 * A process of its own that tells the decisions of a data folder to a webhook, until it is killed: FOLDER, URL. Prints `ready`, and one JSON line
 * for all there is to tell.
 */
const [folder = '', url = ''] = process.argv.slice(2);
const print = (line: unknown): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
const app = await openOutboxRig(folder);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
print('ready');
await runRelays(app.context, {
  sinks: { hooks: webhook({ url, parts: 4, timeoutMs: 5_000 }) },
  openSink: openSinks({ environment: app.context.settings.environment, folder, outgoing: app.context.outgoing, onNotice: print }),
  signal: stop.signal,
  onNews: print,
});
await app.close();
