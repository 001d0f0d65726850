import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { dslText } from '../../flow/testing/dsl.ts';
import { workingFolder } from './fixtures.ts';
import { modelEndpoint } from './model-endpoint.ts';
import { countRows, newFolder, riskflow, riskflowJson, startRiskflow } from './riskflow.ts';

type Run = {
  readonly runId: string;
  readonly status: string;
  readonly outputs: Record<string, unknown> | null;
  readonly error: string | null;
  readonly elapsedMs: number;
  readonly totalSteps: number;
  readonly totalTokens: number;
};
type Event = { readonly event: string; readonly data: Record<string, unknown> };

const onWindows = process.platform === 'win32';
const eventsOf = (out: string): readonly Event[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);

describe.concurrent('riskflow run', () => {
  let folder: string;
  beforeAll(() => {
    folder = workingFolder();
  });
  const newData = (): string => join(newFolder(), 'data');
  const write = (name: string, text: string): string => {
    const own = newFolder();
    writeFileSync(join(own, name), text);
    return join(own, name);
  };

  it('prints one JSON document and makes the file a version of its flow, once', async () => {
    const data = newData();
    const args = ['run', 'good.yml', '--inputs', '{"text": "you win"}'];
    const first = await riskflow([...args, '--json'], { data, folder });
    expect(first.err).toBe('');
    const run = JSON.parse(first.out) as Run;
    expect(run).toMatchObject({ status: 'succeeded', outputs: { label: 'spam' }, error: null, totalSteps: 3, totalTokens: 0 });
    expect(Object.keys(run).slice(0, 7)).toEqual(['runId', 'status', 'outputs', 'error', 'elapsedMs', 'totalSteps', 'totalTokens']);
    const again = await riskflowJson<Run>(['run', 'good', '--inputs', '{"text": "hello"}'], { data, folder });
    expect(again).toMatchObject({ status: 'succeeded', outputs: { label: 'ham' } });
    expect(again.runId).not.toBe(run.runId);
    await riskflow(args, { data, folder });
    expect(countRows(data, 'flow_versions')).toBe(1);
    expect(countRows(data, 'run_status')).toBe(3);
  });

  it('keeps numbers as they were written', async () => {
    const { out } = await riskflow(
      ['run', 'numbers.yml', '--json', '--inputs', '{"n": 2.0, "data": {"big": 9007199254740993, "b": 1, "a": 1.50}}'],
      { data: newData(), folder },
    );
    expect(out).toContain('"n": 2.0');
    expect(out).toContain('"big": 9007199254740993');
    expect(out).toMatch(/"big".*"b": 1,\s+"a": 1\.5\s/s);
  });

  it.each([
    { how: 'a file', inputs: '@in.json', input: '' },
    { how: 'standard input', inputs: '@-', input: '\ufeff{"text": "数据 win"}' },
  ])('reads the inputs from $how', async ({ inputs, input }) => {
    const own = newFolder();
    writeFileSync(join(own, 'in.json'), '{"text": "you win"}');
    const { outputs } = await riskflowJson<Run>(['run', join(folder, 'good.yml'), '--inputs', inputs], {
      data: newData(),
      folder: own,
      input,
    });
    expect(outputs).toEqual({ label: 'spam' });
  });

  it('tells a person what they see', async () => {
    const { out, err, code } = await riskflow(['run', 'good.yml', '--inputs', '{"text": "hello", "txet": 1}'], { data: newData(), folder });
    expect(code).toBe(0);
    expect(out).toMatch(/^succeeded in \d+ ms, 3 steps {2}\(run [0-9a-f-]{36}\)\n\{\n {2}"label": "ham"\n\}\n$/);
    expect(err).toBe('riskflow: warning: the flow has no input "txet", so it is ignored: it takes text\n');
  });

  it('takes whatever an event of a plugin tells, and says nothing of it', async () => {
    const own = newFolder();
    const trigger = { id: 'event', type: 'trigger-plugin', plugin_id: 'acme/git', event_name: 'push' };
    const end = { id: 'end', type: 'end', outputs: [{ variable: 'o', value_selector: ['event', 'ref'] }] };
    writeFileSync(join(own, 'event.yml'), dslText([trigger, end], ['event -> end']));
    const { out, err } = await riskflow(['run', 'event.yml', '--inputs', '{"ref": "main"}', '--json'], { data: newData(), folder: own });
    expect(JSON.parse(out)).toMatchObject({ outputs: { o: 'main' } });
    expect(err).not.toContain('ignored');
  });

  it('gives a chat flow its query, and warns where there is none', async () => {
    const asked = await riskflow(['run', 'chat.yml', '--query', '你好', '--json'], { data: newData(), folder });
    expect(JSON.parse(asked.out)).toMatchObject({ outputs: { answer: 'You said 你好' } });
    expect(asked.err).toBe('');
    const silent = await riskflow(['run', 'chat.yml', '--json'], { data: newData(), folder });
    expect(silent.err).toBe('riskflow: warning: this is a chat flow and runs with an empty query: give one with --query TEXT\n');
  });

  it('--events prints one document per line in Dify’s form, the last one is workflow_finished', async () => {
    const { out, err, code } = await riskflow(['run', 'good.yml', '--inputs', '{"text": "win\\n2"}', '--events'], {
      data: newData(),
      folder,
    });
    expect([code, err]).toEqual([0, '']);
    const events = eventsOf(out);
    expect(events.map(({ event }) => event)).toEqual([
      'workflow_started',
      'node_started',
      'node_finished',
      'node_started',
      // The output of the end node is known now.
      'text_chunk',
      'node_finished',
      'node_started',
      'node_finished',
      'workflow_finished',
    ]);
    expect(events.at(-1)?.data).toMatchObject({ status: 'succeeded', outputs: { label: 'spam' }, total_steps: 3 });
    expect(events[0]?.data).toMatchObject({ inputs: { text: 'win\n2' } });
  });

  describe('--pin', () => {
    it('takes the place of a model call: no key is needed and nobody is called', async () => {
      const endpoint = await modelEndpoint(() => ({ text: 'never' }));
      const pins = write('pins.json', '{"ask": {"outputs": {"text": "pinned", "n": 2.0}, "delayMs": 20}}');
      const run = await riskflowJson<Run>(['run', 'ask.yml', '--inputs', '{"text": "x"}', '--pin', pins], {
        data: newData(),
        folder,
        env: { OPENAI_BASE_URL: endpoint.url },
      });
      expect(run).toMatchObject({ status: 'succeeded', outputs: { label: 'pinned' } });
      expect(run.elapsedMs).toBeGreaterThanOrEqual(20);
      expect(endpoint.prompts).toEqual([]);
    });

    it.each([
      { flow: 'ask.yml', code: 1, result: { status: 'failed', outputs: null, error: expect.stringContaining('too busy') as string } },
      {
        flow: 'askFailBranch.yml',
        code: 0,
        result: { status: 'partial-succeeded', outputs: { label: 'sorry' }, error: null, exceptionsCount: 1 },
      },
    ])('an error pinned by type: $flow ends with $code', async ({ flow, code, result }) => {
      const pins = write('pins.json', '{"type:llm": {"error": "too busy", "errorType": "InvokeRateLimitError"}}');
      const finished = await riskflow(['run', flow, '--inputs', '{"text": "x"}', '--pin', pins, '--json'], { data: newData(), folder });
      expect(JSON.parse(finished.out)).toMatchObject(result);
      expect(finished.code).toBe(code);
    });
  });

  it.each(['a:b', 'mail@home', 'a:b@c'])('runs the flow that was imported as %s, also by its version', async (name) => {
    const data = newData();
    const { code, out } = await riskflow(['flow', 'import', 'good.yml', '--flow', name, '--json'], { data, folder });
    expect(code).toBe(0);
    const { version } = JSON.parse(out) as { readonly version: string };
    for (const reference of [name, `${name}:${version}`, `${name}:${version.slice(0, 8)}`]) {
      const ran = await riskflow(['run', reference, '--inputs', '{"text": "win"}', '--json'], { data, folder });
      expect([reference, ran.code, ran.err]).toEqual([reference, 0, '']);
      expect(JSON.parse(ran.out)).toMatchObject({ flow: name, flowVersion: version, outputs: { label: 'spam' } });
    }
    expect((await riskflow(['run', `${name}:`], { data, folder })).err).toMatch(/is neither a flow file nor a published flow/);
  });

  it('asks the model behind OPENAI_BASE_URL, and --map-model replaces it', async () => {
    const endpoint = await modelEndpoint((prompt) => ({ text: `about ${prompt.length}` }));
    const env = { OPENAI_BASE_URL: endpoint.url };
    const mapped = await riskflow(
      ['run', 'foreign.yml', '--inputs', '{"text": "hello"}', '--map-model', 'acme/m1=openai/small', '--json'],
      { data: newData(), folder, env },
    );
    expect(JSON.parse(mapped.out)).toMatchObject({ status: 'succeeded', outputs: { label: 'about 19' }, totalTokens: 12 });
    expect(mapped.err).toBe('riskflow: model acme/m1 is replaced by openai/small\n');
    expect(endpoint.prompts).toEqual(['Is this spam? hello']);
  });

  it('never shows or stores the key, also when the endpoint repeats it', async () => {
    const key = 'sk-canary-0123456789';
    const endpoint = await modelEndpoint(() => ({ status: 401, text: `the key ${key} is not valid` }));
    const data = newData();
    const env = { OPENAI_BASE_URL: endpoint.url, OPENAI_API_KEY: key };
    const finished = await riskflow(['run', 'ask.yml', '--inputs', '{"text": "x"}', '--json', '--debug'], { data, folder, env });
    expect(endpoint.keys).toContain(`Bearer ${key}`);
    expect(finished.code).toBe(1);
    expect(JSON.parse(finished.out)).toMatchObject({ status: 'failed' });
    expect(finished.out + finished.err).not.toContain(key);
    expect(readFileSync(join(data, 'riskflow.sqlite')).includes(key)).toBe(false);
  });

  it.skipIf(onWindows)(
    onWindows ? 'an interrupt stops the run (skipped: Windows has no signals)' : 'an interrupt stops the run, which is recorded as stopped',
    async () => {
      const data = newData();
      const pins = write('pins.json', '{"ask": {"outputs": {"text": "late"}, "delayMs": 60000}}');
      const running = startRiskflow(['run', 'ask.yml', '--inputs', '{"text": "x"}', '--pin', pins, '--events'], { data, folder });
      await running.printed(/"node_id":"ask"/);
      const began = performance.now();
      running.child.kill('SIGINT');
      const { code, out, err } = await running.finished;
      expect(performance.now() - began).toBeLessThan(5_000);
      expect([code, err]).toEqual([1, '']);
      expect(eventsOf(out).at(-1)).toMatchObject({ event: 'workflow_finished', data: { status: 'stopped', outputs: null } });
    },
  );
});
