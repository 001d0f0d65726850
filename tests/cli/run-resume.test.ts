import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, it } from 'vitest';
import { copyOf, dataWithSamples, workingFolder } from './fixtures.ts';
import { modelEndpoint } from './model-endpoint.ts';
import { contentOf, countRows, newFolder, riskflow, startRiskflow, type Start } from './riskflow.ts';

const onWindows = process.platform === 'win32';
const askArgs = ['run', 'ask.yml', '--inputs', '{"text": "x"}'];
const NEVER = JSON.stringify({ ask: { outputs: { text: 'late' }, delayMs: 600_000 } });

/** What a statement finds in, or does to, the data file. */
function sql(data: string, text: string, ...parameters: readonly string[]): readonly Readonly<Record<string, unknown>>[] {
  const database = new DatabaseSync(join(data, 'riskflow.sqlite'), { timeout: 5000 });
  try {
    return database.prepare(text).all(...parameters);
  } finally {
    database.close();
  }
}

const runIdsLike = (data: string, resource: string): readonly string[] =>
  sql(data, 'select run_id from run_status where resource like ? order by since, run_id', resource).map((row) => String(row['run_id']));

/** Starts a run and kills its process while the node "ask" is under way. @returns the run's id */
async function killedRun(args: readonly string[], start: Start): Promise<string> {
  const known = new Set(existsSync(start.data) ? runIdsLike(start.data, 'run/%') : []);
  const running = startRiskflow([...args, '--events'], start);
  await running.printed(/"event":"node_started".*"node_id":"ask"/);
  running.child.kill('SIGKILL');
  await running.finished;
  const [runId, ...others] = runIdsLike(start.data, 'run/%').filter((id) => !known.has(id));
  if (runId === undefined || others.length > 0) throw new Error(`not one run was begun: ${String(others)}`);
  return runId;
}

const runEvents = (data: string, runId: string): readonly string[] =>
  sql(data, 'select type from events where stream = ? order by version', `run/${runId}`).map((row) => String(row['type']));
const named = (out: string): readonly string[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { event, data } = JSON.parse(line) as { readonly event: string; readonly data: { readonly node_id?: string } };
      return data.node_id === undefined ? event : `${event} ${data.node_id}`;
    });
const WHOLE_STREAM = [
  'workflow_started',
  'node_started start',
  'node_finished start',
  'node_started ask',
  'text_chunk',
  'node_finished ask',
  'node_started end',
  'node_finished end',
  'workflow_finished',
];
const document = (out: string): Record<string, unknown> => JSON.parse(out) as Record<string, unknown>;

describe('riskflow run --resume', () => {
  let folder: string;
  let prepared: string;
  beforeAll(async () => {
    folder = workingFolder();
    writeFileSync(join(folder, 'never.json'), NEVER);
    prepared = await dataWithSamples(folder, [
      ['eval', 'run', '--a', 'good.yml', '--b', 'bad.yml', '--samples', 'small@test'],
      ['source', 'create', 'stream', '--file', 'records.ndjson', '--flow', 'good', '--key', 'id'],
      ['source', 'start', 'stream'],
      ['projection', 'status'],
    ]);
  });

  describe('goes on with a run whose process was killed', () => {
    it.each([
      { how: 'by its id', named: true },
      { how: 'being the only one', named: false },
    ])('$how: as it was begun, and prints what the run would have printed', async ({ named: byId }) => {
      const endpoint = await modelEndpoint(() => ({ text: 'answered' }), 300);
      const data = join(newFolder(), 'data');
      const env = { OPENAI_BASE_URL: endpoint.url };
      const begin = ['run', 'foreign.yml', '--inputs', '{"text": "hello"}', '--map-model', 'acme/m1=openai/small'];
      await riskflow([...begin, '--json'], { data, folder, env });
      const runId = await killedRun(begin, { data, folder, env });
      const resumed = await riskflow(['run', '--resume', ...(byId ? [runId] : []), '--json'], { data, folder: newFolder(), env });
      expect(document(resumed.out)).toMatchObject({
        runId,
        status: 'succeeded',
        outputs: { label: 'answered' },
        totalSteps: 3,
        flow: 'foreign',
      });
      expect([resumed.code, resumed.err]).toEqual([0, `riskflow: run ${runId} goes on where it was interrupted\n`]);
      expect(new Set(endpoint.prompts)).toEqual(new Set(['Is this spam? hello']));
      expect(countRows(data, 'run_status')).toBe(2);
      const types = ['RunStarted', 'NodeFinished', 'NodeStarted', 'NodeFinished', 'NodeFinished', 'RunFinished'];
      expect(runEvents(data, runId)).toEqual(types);

      const again = await riskflow(['run', '--resume', runId, '--json'], { data, folder });
      expect([again.code, again.out]).toEqual([0, resumed.out]);
      expect(again.err).toBe(`riskflow: run ${runId} was over already, so nothing was done: this is its result\n`);
      expect(runEvents(data, runId)).toEqual(types);
    });

    it('--events prints what was recorded before, then what is new: the whole stream once', async () => {
      const endpoint = await modelEndpoint(() => ({ text: 'answered' }), 300);
      const start = { data: join(newFolder(), 'data'), folder, env: { OPENAI_BASE_URL: endpoint.url } };
      const runId = await killedRun(askArgs, start);
      const resumed = await riskflow(['run', '--resume', runId, '--events'], start);
      expect([resumed.code, named(resumed.out)]).toEqual([0, WHOLE_STREAM]);
      // A run that is over gives the same stream again.
      expect((await riskflow(['run', '--resume', runId, '--events'], start)).out).toBe(resumed.out);
    });

    it('without the key that it needs it is refused and left as it was', async () => {
      const endpoint = await modelEndpoint(() => ({ text: 'answered' }), 300);
      const start = { data: join(newFolder(), 'data'), folder };
      const env = { OPENAI_BASE_URL: endpoint.url };
      const runId = await killedRun(askArgs, { ...start, env });
      const before = runEvents(start.data, runId);
      const refused = await riskflow(['run', '--resume', runId], start);
      expect([refused.code, refused.out]).toEqual([2, '']);
      expect(refused.err).toMatch(/^riskflow: node "Ask" of flow "ask": there is no key for the model "small"/);
      expect(runEvents(start.data, runId)).toEqual(before);
      const resumed = await riskflow(['run', '--resume', runId], { ...start, env });
      expect(resumed.code).toBe(0);
      expect(resumed.out).toMatch(new RegExp(`^succeeded in .* 3 steps, 12 tokens {2}\\(run ${runId}\\)\\n`));
    });

    it.skipIf(onWindows)(
      onWindows ? 'an interrupt stops it (skipped: Windows has no signals)' : 'an interrupt stops it for good, as it stops a fresh run',
      async () => {
        const data = join(newFolder(), 'data');
        const runId = await killedRun([...askArgs, '--pin', 'never.json'], { data, folder });
        const running = startRiskflow(['run', '--resume', '--json'], { data, folder });
        await running.printed(/goes on where it was interrupted/);
        running.child.kill('SIGINT');
        const { code, out } = await running.finished;
        expect(code).toBe(1);
        expect(document(out)).toMatchObject({ runId, status: 'stopped', outputs: null, error: 'interrupted at the keyboard' });
        const again = await riskflow(['run', '--resume', runId, '--json'], { data, folder });
        expect([again.code, again.out]).toEqual([1, out]);
      },
    );
  });

  describe.skipIf(onWindows)(onWindows ? 'ended by a signal (skipped: Windows has none)' : 'ended by a signal', () => {
    it.each(['SIGTERM', 'SIGHUP'] as const)('%s leaves the run as it is, and what was answered is not asked again', async (signal) => {
      let slow = true;
      // The first question is answered at once, the second one not before the process is gone.
      const endpoint = await modelEndpoint(
        (prompt) => ({ text: prompt.includes('hello') ? 'first' : 'second' }),
        (prompt) => (slow && !prompt.includes('hello') ? 60_000 : 0),
      );
      const start = { data: join(newFolder(), 'data'), folder, env: { OPENAI_BASE_URL: endpoint.url } };
      const running = startRiskflow(['run', 'askTwice.yml', '--inputs', '{"text": "hello"}', '--events'], start);
      await running.printed(/"event":"node_started".*"node_id":"again"/);
      await endpoint.called(2);
      running.child.kill(signal);
      const { code, err } = await running.finished;
      const [runId = ''] = runIdsLike(start.data, 'run/%');
      expect([code, err]).toEqual([1, `riskflow: the run was interrupted; it goes on with: riskflow run --resume ${runId}\n`]);
      expect(runEvents(start.data, runId)).not.toContain('RunFinished');
      slow = false;
      const resumed = await riskflow(['run', '--resume', '--json'], start);
      expect([resumed.code, resumed.err]).toEqual([0, `riskflow: run ${runId} goes on where it was interrupted\n`]);
      expect(document(resumed.out)).toMatchObject({ runId, status: 'succeeded', outputs: { label: 'second' } });
      expect(endpoint.prompts).toEqual(['Is this spam? hello', 'Sure about first?', 'Sure about first?']);
    });
  });

  it('a run that failed is printed again with its exit code, and not tried again', async () => {
    const endpoint = await modelEndpoint(() => ({ status: 400, text: 'no' }));
    const start = { data: join(newFolder(), 'data'), folder, env: { OPENAI_BASE_URL: endpoint.url } };
    const failed = await riskflow([...askArgs, '--json'], start);
    expect(failed.code).toBe(1);
    const again = await riskflow(['run', '--resume', String(document(failed.out)['runId']), '--json'], start);
    expect([again.code, again.out]).toEqual([1, failed.out]);
    expect(endpoint.prompts.length).toBe(1);
  });

  it('a run whose process lives is left to it', async () => {
    const data = join(newFolder(), 'data');
    const owner = startRiskflow([...askArgs, '--pin', 'never.json', '--events'], { data, folder });
    await owner.printed(/"event":"node_started".*"node_id":"ask"/);
    const [runId = ''] = runIdsLike(data, 'run/%');
    const second = await riskflow(['run', '--resume', runId, '--json'], { data, folder });
    expect([second.code, second.out]).toEqual([1, '']);
    expect(second.err).toMatch(
      new RegExp(`^riskflow: run ${runId} is being worked on by process ${owner.child.pid ?? 0} on \\S+\\n {2}→ wait for it`),
    );
    const unnamed = await riskflow(['run', '--resume', '--json'], { data, folder });
    expect([unnamed.code, unnamed.err.split('\n')[0]]).toEqual([2, 'riskflow: no run is interrupted, so there is none to go on with']);
    owner.child.kill('SIGKILL');
    await owner.finished;
  });

  it('a new run says that others are interrupted, in one line and once it has begun; without an id all are listed', async () => {
    const data = await copyOf(prepared);
    const never = [...askArgs, '--pin', 'never.json'];
    const good = ['run', 'good.yml', '--inputs', '{"text": "hello"}', '--json'];
    expect((await riskflow(good, { data, folder })).err).toBe('');
    const first = await killedRun(never, { data, folder });
    expect(await riskflow(good, { data, folder })).toMatchObject({
      code: 0,
      err: `riskflow: run ${first} of flow ask was interrupted; go on with: riskflow run --resume\n`,
    });
    expect((await riskflow(['run', 'good.yml'], { data, folder })).err).toBe('riskflow: flow "good": input "text" is required\n');
    const second = await killedRun(never, { data, folder });
    expect((await riskflow(good, { data, folder })).err).toBe('riskflow: 2 runs were interrupted; riskflow run --resume lists them\n');

    const before = contentOf(data);
    const listed = await riskflow(['run', '--resume', '--json'], { data, folder });
    expect([listed.code, listed.out]).toEqual([2, '']);
    const [sentence, hint] = listed.err.split('\n');
    expect(sentence).toBe('riskflow: 2 runs are interrupted: name the one to go on with, riskflow run --resume RUN_ID');
    const since = String.raw`since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`;
    expect(hint).toMatch(new RegExp(`^ {2}→ they are: ${second} \\(flow ask, ${since}\\), ${first} \\(flow ask, ${since}\\)$`));
    expect(contentOf(data)).toBe(before);
  });

  describe.concurrent('a mistake gives one sentence and changes nothing', () => {
    type Mistake = { readonly args: readonly string[]; readonly says: RegExp; readonly hint?: RegExp };
    const cannot = (part: string): RegExp =>
      new RegExp(`^--resume goes on with a run as it was begun, so ${part} cannot be given with it$`);
    const mistakes: readonly Mistake[] = [
      { args: ['good.yml', '--resume'], says: cannot(String.raw`the flow good\.yml`), hint: /riskflow run --resume \[RUN_ID\] goes on/ },
      { args: ['--resume', 'r-1', 'good.yml'], says: cannot(String.raw`the flow good\.yml`) },
      { args: ['--resume', 'r-1', '--inputs', '{}'], says: cannot('--inputs') },
      { args: ['--resume', '--query', 'hello'], says: cannot('--query') },
      { args: ['--resume', '--pin', 'none.json'], says: cannot('--pin') },
      { args: ['--resume', '--map-model', 'acme/m1=openai/small'], says: cannot('--map-model') },
      { args: ['--resume', 'r-1', '--events', '--json'], says: /^--events and --json cannot be used together$/ },
      { args: ['--resume', 'r-1', '--resme'], says: /^run: there is no option "--resme"$/, hint: /did you mean --resume\?/ },
      { args: ['--resume', 'r-1'], says: /^there is no run "r-1"$/, hint: /riskflow run --resume/ },
      { args: ['--resume'], says: /^no run is interrupted, so there is none to go on with$/, hint: /riskflow run FLOW/ },
    ];

    async function expectRefused(data: string, { args, says, hint }: Mistake): Promise<void> {
      const before = contentOf(data);
      const finished = await riskflow(['run', ...args], { data, folder });
      const lines = finished.err.replace(/\n$/, '').split('\n');
      expect(lines[0]?.replace('riskflow: ', '')).toMatch(says);
      expect(lines.slice(1)).toEqual(lines.length === 1 ? [] : [expect.stringMatching(/^ {2}→ \S/)]);
      if (hint !== undefined) expect(lines[1]).toMatch(hint);
      expect([finished.code, finished.out]).toEqual([2, '']);
      expect(contentOf(data)).toBe(before);
    }

    it.each(mistakes.map((mistake) => ({ ...mistake, line: `riskflow run ${mistake.args.join(' ')}` })))('$line', async (mistake) =>
      expectRefused(await copyOf(prepared), mistake),
    );

    it('a run of an evaluation or a source goes on with the whole', async () => {
      const data = await copyOf(prepared);
      const [ofEvaluation = ''] = runIdsLike(data, 'evaluation/%');
      await expectRefused(data, {
        args: ['--resume', ofEvaluation],
        says: /^run e-\S+ is a run of evaluation e-\S+, which goes on as a whole$/,
        hint: new RegExp(`riskflow eval resume ${ofEvaluation.split('.')[0]}$`),
      });
      const [ofSource = ''] = runIdsLike(data, 'source/%');
      await expectRefused(data, {
        args: ['--resume', ofSource, '--json'],
        says: /is a run of source stream, which goes on as a whole$/,
        hint: /riskflow source start stream$/,
      });
    });

    it.each([
      {
        what: 'interpreter',
        from: '"planVersion":1,',
        to: '"planVersion":99,',
        says: /under version 99 of the interpreter, and this Riskflow knows/,
      },
      {
        what: 'flow version',
        from: '"flowVersion":"',
        to: '"flowVersion":"0',
        says: /of flow "ask" cannot go on: there is no flow version 0/,
      },
    ])('a run of another $what cannot be known', async ({ from, to, says }) => {
      const data = await copyOf(prepared);
      const runId = await killedRun([...askArgs, '--pin', 'never.json'], { data, folder });
      sql(data, `update events set data = replace(data, ?, ?) where type = 'RunStarted' and stream = 'run/${runId}'`, from, to);
      await riskflow(['projection', 'status'], { data, folder });
      await expectRefused(data, { args: ['--resume', runId], says });
    });
  });
});
