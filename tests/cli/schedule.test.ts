import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { evalOf, dataWithSamples, workingFolder } from './fixtures.ts';
import { modelEndpoint } from './model-endpoint.ts';
import { contentOf, countRows, newFolder, riskflow, riskflowJson, startRiskflow, type Running, type Start } from './riskflow.ts';

type Occurrence = {
  readonly occurrenceId: string;
  readonly scheduledFor: string;
  readonly status: string;
  readonly workId: string | null;
  readonly triggered: boolean;
  readonly detail: string | null;
};
type Shown = {
  readonly state: string;
  readonly occurrences: readonly Occurrence[];
  readonly nextTimes: readonly string[];
  readonly missed: number;
};

const show = (start: Start, name: string): Promise<Shown> => riskflowJson<Shown>(['schedule', 'show', name, '--limit', '100'], start);
const INPUT = ['--inputs', '{"text": "win a prize"}'];

/** Servers of a test that failed must not outlive it. */
const servers: Running[] = [];
afterAll(() => {
  for (const { child } of servers) child.kill('SIGKILL');
});
function serve(args: readonly string[], start: Start): Running {
  const server = startRiskflow(args, start);
  servers.push(server);
  return server;
}

describe.concurrent('riskflow schedule and start', () => {
  it('create, list, show, pause, resume and delete tell the same story', async () => {
    const start = { data: join(newFolder(), 'data'), folder: workingFolder() };
    await riskflow(['flow', 'import', 'good.yml'], start);
    const create = ['schedule', 'create', 'nightly', '--cron', '0 3 * * *', '--timezone', 'Europe/Berlin', '--flow', 'good', ...INPUT];
    const made = await riskflowJson<Record<string, unknown>>(create, start);
    expect(made).toMatchObject({
      schedule: 'nightly',
      state: 'active',
      isNew: true,
      timing: { kind: 'cron', expression: '0 3 * * *', timezone: 'Europe/Berlin' },
      overlap: 'skip',
      catchupMs: 600_000,
      work: { kind: 'run', flow: 'good', flowVersion: null },
      last: null,
    });
    expect(made['nextTimes']).toHaveLength(5);
    expect(await riskflowJson(create, start)).toMatchObject({ isNew: false });
    const text = await riskflow(['schedule', 'list'], start);
    expect(text.out).toMatch(
      /^schedule +when +state +next \(UTC\) +last \(UTC\) +outcome +does\nnightly +0 3 \* \* \* Europe\/Berlin +active +\d{4}-/,
    );
    expect(text.out).toContain('run good');
    expect(text.err).toContain('no process keeps the schedules now: start one with riskflow start');
    const shown = await riskflow(['schedule', 'show', 'nightly'], start);
    expect(shown.out).toMatch(/^next +\S+ \d\d:00:00 UTC, \S+ 03:00 Europe\/Berlin$/m);
    const paused = await riskflow(['schedule', 'pause', 'nightly', '--note', 'the endpoint moves'], start);
    expect(paused.out).toBe('schedule nightly is paused\n');
    expect((await riskflow(['schedule', 'show', 'nightly'], start)).out).toMatch(/^state +paused: the endpoint moves$/m);
    expect((await show(start, 'nightly')).nextTimes).toEqual([]);
    expect((await riskflow(['schedule', 'pause', 'nightly'], start)).out).toBe('schedule nightly was paused already\n');
    expect(await riskflowJson(['schedule', 'resume', 'nightly'], start)).toMatchObject({ state: 'active', changed: true });
    expect((await riskflow(['schedule', 'delete', 'nightly'], start)).out).toBe('schedule nightly is deleted\n');
    expect(await riskflowJson(['schedule', 'list'], start)).toEqual({ keeper: 'riskflow', schedules: [] });
    const again = await riskflow(['schedule', 'show', 'nightly'], start);
    expect([again.code, again.err]).toEqual([2, expect.stringMatching(/there is no schedule "nightly"\n {2}→ create one/)]);
  });

  it('start runs what is due and what is triggered, each once, with the latest version of the flow, and stops gracefully', async () => {
    const start = { data: join(newFolder(), 'data'), folder: workingFolder() };
    await riskflow(['flow', 'import', 'good.yml'], start);
    await riskflow(['schedule', 'create', 'sweep', '--every', '2s', '--flow', 'good', ...INPUT], start);
    const server = serve(['start', '--json'], start);
    await server.printed(/"status": "ready"/);
    await server.printed(/succeeded[^]*succeeded/);
    await riskflow(['schedule', 'pause', 'sweep'], start);
    const asked = await riskflowJson<{ readonly scheduledFor: string }>(['schedule', 'trigger', 'sweep'], start);
    await server.printed(new RegExp(`sweep of ${asked.scheduledFor.slice(0, 19).replace('T', ' ')} UTC succeeded`));
    server.child.kill('SIGTERM');
    const { code, out, err } = await server.finished;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      ...{ status: 'ready', keeper: 'riskflow', role: 'keeping' },
      http: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
    });
    expect(err).toMatch(/sweep of .* UTC begins: sweep\.\d{8}T\d{6}Z\n/);
    expect(err).toContain('stops: what is in flight goes on at the next start');
    const { occurrences } = await show(start, 'sweep');
    expect(occurrences).toContainEqual(expect.objectContaining({ scheduledFor: asked.scheduledFor, status: 'succeeded' }));
    for (const { scheduledFor, workId, triggered } of occurrences) {
      expect(workId).toBe(`sweep.${scheduledFor.replace(/[-:]|\.000/g, '')}`);
      if (!triggered) expect(Date.parse(scheduledFor) % 2_000).toBe(0);
    }
    expect(new Set(occurrences.map(({ occurrenceId }) => occurrenceId)).size).toBe(occurrences.length);
    expect(countRows(start.data, 'run_status')).toBe(occurrences.filter(({ status }) => status !== 'skipped').length);
  });

  it('killed in the middle of a run, the next start goes on with it: nothing runs twice', async () => {
    // The first call is answered after all is over.
    let calls = 0;
    const endpoint = await modelEndpoint(
      () => ({ text: 'spam' }),
      () => (calls++ === 0 ? 3_600_000 : 0),
    );
    const env = { OPENAI_BASE_URL: endpoint.url, OPENAI_API_KEY: 'none' };
    const start = { data: join(newFolder(), 'data'), folder: workingFolder(), env };
    await riskflow(['schedule', 'create', 'once', '--cron', '0 0 1 1 *', '--flow', 'askTwice.yml', ...INPUT], start);
    const first = serve(['start'], start);
    await first.printed(/keeps the schedules/);
    await riskflow(['schedule', 'trigger', 'once'], start);
    await endpoint.called(1);
    first.child.kill('SIGKILL');
    await first.finished;
    expect((await show(start, 'once')).occurrences).toMatchObject([{ status: 'running', triggered: true }]);
    const second = serve(['start'], start);
    await second.printed(/goes on: once\./);
    await second.printed(/once of .* succeeded/);
    second.child.kill('SIGTERM');
    expect((await second.finished).code).toBe(0);
    expect((await show(start, 'once')).occurrences).toMatchObject([{ status: 'succeeded', triggered: true }]);
    expect(countRows(start.data, 'run_status')).toBe(1);
    // The one that was in flight is asked again, the next once.
    expect(endpoint.prompts).toHaveLength(3);
  });

  it('a second start on the same data waits, and takes over when the first was killed', async () => {
    const start = { data: join(newFolder(), 'data'), folder: workingFolder() };
    await riskflow(['schedule', 'create', 'sweep', '--every', '1s', '--flow', 'good.yml', ...INPUT], start);
    const first = serve(['start'], start);
    await first.printed(/keeps the schedules/);
    const second = serve(['start'], start);
    await second.printed(/waits to take over: scheduler is being worked on by process \d+/);
    await first.printed(/succeeded/);
    first.child.kill('SIGKILL');
    await second.printed(/keeps the schedules/);
    await second.printed(/succeeded/);
    second.child.kill('SIGTERM');
    expect((await second.finished).code).toBe(0);
    const { occurrences, missed } = await show(start, 'sweep');
    // With the overlap policy skip some may be left out, but none is run twice and none forgotten.
    expect(new Set(occurrences.map(({ scheduledFor }) => scheduledFor)).size).toBe(occurrences.length);
    const times = occurrences.map(({ scheduledFor }) => Date.parse(scheduledFor)).toSorted((a, b) => a - b);
    expect(times).toEqual(Array.from(times, (_, i) => (times[0] ?? 0) + i * 1_000));
    expect(missed).toBe(0);
    expect(countRows(start.data, 'run_status')).toBe(occurrences.filter(({ status }) => status !== 'skipped').length);
  });

  it('evaluates, and tells the verdict; the flows are those of the moment', async () => {
    const folder = workingFolder();
    const start = {
      data: await dataWithSamples(folder, [
        ['flow', 'import', 'good.yml'],
        ['flow', 'import', 'bad.yml'],
      ]),
      folder,
    };
    const [, , ...of] = evalOf('good', 'bad');
    await riskflow(['schedule', 'create', 'drift', '--cron', '30 4 * * MON', ...of, '--margin', '0.02'], start);
    // A folder of the name of a flow is not the flow.
    mkdirSync(join(folder, 'good'));
    writeFileSync(join(folder, 'good', 'readme'), '');
    await riskflow(['schedule', 'trigger', 'drift'], start);
    const server = serve(['start'], start);
    await server.printed(/drift of .* succeeded/);
    server.child.kill('SIGTERM');
    await server.finished;
    const { occurrences } = await show(start, 'drift');
    expect(occurrences).toMatchObject([
      { status: 'succeeded', detail: 'FAIL', workId: expect.stringMatching(/^e-drift-\d{8}T\d{6}Z$/) as string },
    ]);
    const { code } = await riskflow(['eval', 'resume', occurrences[0]?.workId ?? ''], start);
    expect(code).toBe(3);
  });

  it('a flow that cannot be run any more is an outcome, and the next is tried', async () => {
    const folder = workingFolder();
    const start = { data: join(newFolder(), 'data'), folder };
    await riskflow(['schedule', 'create', 'sweep', '--every', '1h', '--flow', 'classify.yml', ...INPUT], start);
    await riskflow(['schedule', 'trigger', 'sweep'], start);
    const server = serve(['start'], start);
    await server.printed(/sweep of .* failed: /);
    server.child.kill('SIGTERM');
    await server.finished;
    expect((await show(start, 'sweep')).occurrences).toMatchObject([
      { status: 'failed', detail: expect.stringMatching(/small@tune|no sample set/) as string },
    ]);
  });
});

type Mistake = { readonly args: readonly string[]; readonly code?: 1 | 2; readonly says: RegExp; readonly hint?: RegExp };
const create = (...more: readonly string[]): readonly string[] => ['schedule', 'create', 'new', ...more];
const good = ['--flow', 'good', ...INPUT];

const mistakes: readonly Mistake[] = [
  { args: ['schedule'], says: /^schedule needs a verb: create, list, show, pause, resume, trigger, delete$/ },
  { args: ['schedule', 'create'], says: /^schedule create: the argument NAME is missing$/ },
  { args: create(...good), says: /^schedule create needs --every SPAN or --cron FIELDS$/, hint: /such as --every 15m/ },
  { args: create('--every', '15m', '--cron', '0 3 * * *', ...good), says: /needs only one of --every SPAN or --cron FIELDS$/ },
  { args: create('--every', '15', ...good), says: /^--every must be a time span, not "15"$/, hint: /90s, 15m/ },
  { args: create('--every', '15 minutes', ...good), says: /^--every must be a time span, not "15 minutes"$/ },
  { args: create('--every', '0s', ...good), says: /^--every must be whole seconds, from 1s to 366d$/ },
  { args: create('--every', '15m', '--offset', '20m', ...good), says: /^--offset must be whole seconds, and shorter than --every$/ },
  { args: create('--every', '15m', '--timezone', 'Europe/Berlin', ...good), says: /^--timezone is for --cron/ },
  { args: create('--cron', '0 3 * * *', '--offset', '1m', ...good), says: /^--offset is for --every/ },
  { args: create('--cron', '0 3 * *', ...good), says: /^--cron "0 3 \* \*" has 4 fields, and 5 are needed$/, hint: /minute hour/ },
  { args: create('--cron', '0 25 * * *', ...good), says: /^--cron "0 25 \* \* \*": .*hour/ },
  { args: create('--cron', '0 3 31 2 *', ...good), says: /would never happen/ },
  {
    args: create('--cron', '0 3 * * *', '--timezone', 'Berlin', ...good),
    says: /^--timezone "Berlin" is not a time zone$/,
    hint: /Europe\/Berlin/,
  },
  { args: create('--every', '1h', '--overlap', 'queue', ...good), says: /--overlap/ },
  { args: create('--every', '1h', '--catchup', '5s', ...good), says: /^--catchup must be 10s at least$/ },
  { args: create('--every', '1h', '--until', 'tomorrow', ...good), says: /^--until must be a moment, not "tomorrow"$/, hint: /2026-12-31/ },
  { args: create('--every', '1h', '--until', '2020-01-01', ...good), says: /is over already$/ },
  { args: create('--every', '1h'), says: /^schedule create needs --flow FLOW or --a FLOW$/ },
  { args: create('--every', '1h', ...good, '--a', 'good'), says: /needs only one of --flow FLOW or --a FLOW$/ },
  { args: create('--every', '1h', ...good, '--samples', 'small'), says: /^--samples cannot be given with --flow$/ },
  { args: create('--every', '1h', '--a', 'good', '--b', 'bad', '--inputs', '{}'), says: /^--inputs cannot be given with --a$/ },
  { args: create('--every', '1h', '--a', 'good', '--b', 'bad'), says: /^an evaluation needs --samples SET too$/ },
  { args: create('--every', '1h', '--a', 'good', '--b', 'bad', '--samples', 'none@test'), says: /none/ },
  { args: create('--every', '1h', '--flow', 'goood'), says: /^"goood" is neither a flow file nor a published flow$/, hint: /good/ },
  { args: create('--every', '1h', '--flow', 'good'), says: /^flow "good": .*text/ },
  { args: create('--every', '1h', '--flow', 'good', '--inputs', '{'), says: /^--inputs is not valid JSON/ },
  {
    args: ['schedule', 'create', 'a.b', '--every', '1h', ...good],
    says: /^"a\.b" cannot be the name of a schedule$/,
    hint: /letters, digits/,
  },
  {
    args: ['schedule', 'create', 'there', '--every', '2h', ...good],
    code: 1,
    says: /^schedule "there" is there already with other settings$/,
    hint: /schedule show there/,
  },
  { args: ['schedule', 'show', 'nobody'], says: /^there is no schedule "nobody"$/, hint: /^there are: there$/ },
  { args: ['schedule', 'pause', 'nobody'], says: /^there is no schedule "nobody"$/ },
  { args: ['schedule', 'trigger', 'nobody'], says: /^there is no schedule "nobody"$/ },
  { args: ['schedule', 'delete', 'nobody'], says: /^there is no schedule "nobody"$/ },
  { args: ['start', 'now'], says: /^start: too many arguments/ },
];

describe('a mistake with schedules gives one sentence, the right exit code and changes nothing', async () => {
  const folder = workingFolder();
  const data = await dataWithSamples(folder, [
    ['flow', 'import', 'good.yml'],
    ['flow', 'import', 'bad.yml'],
    ['schedule', 'create', 'there', '--every', '1h', ...good],
    ['projection', 'status'],
  ]);
  const before = contentOf(data);

  it.each(mistakes.map((mistake) => [mistake.args.join(' '), mistake] as const))(
    'riskflow %s',
    async (_, { args, code = 2, says, hint }) => {
      const finished = await riskflow(args, { data, folder });
      const lines = finished.err.replace(/\n$/, '').split('\n');
      expect(lines[0]).toMatch(/^riskflow: /);
      expect(lines[0]?.slice('riskflow: '.length)).toMatch(says);
      expect(lines.slice(1)).toEqual(lines.length === 1 ? [] : [expect.stringMatching(/^ {2}→ \S/)]);
      if (hint !== undefined) expect(lines[1]?.slice('  → '.length)).toMatch(hint);
      expect([finished.code, finished.out]).toEqual([code, '']);
      expect(contentOf(data)).toEqual(before);
    },
  );
});
