import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { listAlerts, openApp, readSettings, type App } from '../../runtime/index.ts';
import { rulesFlow } from '../../runtime/streams/source-rig.ts';
import { riskflow, startRiskflow, testEnvironment, type Finished, type Started } from '../riskflow-process.ts';
import { alertRuns, expectCountedAsSent, expectOneAlert, killHard, startHook, until } from '../trend-checks.ts';
import { SCENARIO_RULES, trendScenario, type Report } from '../trend-scenario.ts';

const RECORDS = 1_500;
const SOURCE = 'reports';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

describe('trends of a file, without servers', () => {
  it(
    'whose reader is killed twice: panes equal those counted from scratch after late, repeated and wrong records, and one spike is one alert',
    { timeout: 180_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'riskflow-recount-'));
      closing.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
      const hook = await startHook();
      closing.push(hook.close);
      const [file, flow, config, source] = ['reports.ndjson', 'rules.yml', 'riskflow.yml', 'source.json'].map((name) =>
        join(folder, name),
      ) as [string, string, string, string];
      writeFileSync(file, '');
      writeFileSync(flow, rulesFlow());
      writeFileSync(
        config,
        JSON.stringify({ sinks: { hook: { kind: 'webhook', url: hook.url, secretEnv: 'HOOK_SECRET', events: ['alert'] } } }),
      );
      const settings = {
        name: SOURCE,
        flow,
        connector: { kind: 'file', path: file, follow: true },
        record: { key: 'id', subject: 'account', category: 'category', reporter: 'reporter', eventTime: 'at' },
        trends: { rules: SCENARIO_RULES, onAlert: 'situation-report' },
      };
      writeFileSync(source, JSON.stringify(settings));
      const environment = testEnvironment(join(folder, 'data'), {
        RISKFLOW_CONFIG: config,
        HOOK_SECRET: `whsec_${randomBytes(24).toString('base64')}`,
      });
      const cli = (args: readonly string[]): Promise<Finished> => riskflow(args, environment);
      const start = (): Started => {
        const started = startRiskflow(['start', '--json', '--no-listen', '--http', '127.0.0.1:0'], environment);
        closing.push(() => killHard(started));
        return started;
      };
      const write = (reports: readonly Report[]): void =>
        appendFileSync(
          file,
          reports
            .map(({ at, ...rest }) => `${JSON.stringify(at === null ? rest : { ...rest, at: new Date(at).toISOString() })}\n`)
            .join(''),
        );
      expect(await cli(['flow', 'import', 'examples/situation-report/situation-report.yml'])).toMatchObject({ code: 0 });
      expect(await cli(['source', 'create', '--config', source])).toMatchObject({ code: 0 });
      expect(await cli(['source', 'start', SOURCE, '--detach'])).toMatchObject({ code: 0 });

      const scenario = trendScenario({
        count: RECORDS,
        start: Math.floor(Date.now() / 60_000) * 60_000 - (RECORDS / 10 + 120) * 60_000,
      });
      const sent = [...scenario.first, ...scenario.reports, ...scenario.closing(0), ...scenario.closing(1)];
      const all = sent.length - scenario.withoutTime;
      const app: App = await openApp(readSettings(environment, folder), { actor: 'tester' });
      closing.push(() => app.close());
      const { context } = app;
      const counted = (count: number): Promise<void> =>
        until(async () => ((await context.storage.trends.progress('default', SOURCE))?.arrival ?? 0) >= count);

      const half = Math.floor(sent.length / 2);
      write(sent.slice(0, half));
      const first = start();
      await counted(1);
      await killHard(first);
      const second = start();
      await counted(half * 0.8);
      write(sent.slice(half));
      await until(async () => (await context.storage.inbox.lastArrival('default', SOURCE)) > half * 1.5);
      await killHard(second);
      const third = start();
      await counted(all);
      await until(() => new Set(hook.messages().map(({ id }) => id)).size >= 2 && hook.messages().length >= 3);
      await until(async () => (await alertRuns(context)).some(({ status }) => status === 'succeeded'));
      await killHard(third);

      const rig = { context, cli };
      await expectCountedAsSent(rig, { sourceId: SOURCE, sent, withoutTime: scenario.withoutTime });
      await expectOneAlert(rig, { sourceId: SOURCE, scenario, told: [hook.messages()] });
      // Here all is read in order, so that it is known what is late: it is told of in the window of the alert.
      const facts = await context.storage.events.readStream('default', `trend/${SOURCE}`);
      expect(facts.filter(({ type }) => type === 'WindowCorrected').map(({ data }) => data)).toMatchObject([
        { alertId: (await listAlerts(context))[0]?.alertId, isSpike: true, late: 40 },
      ]);
    },
  );
});
