import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { dslText, type TestEdge, type TestNode } from '../../flow/testing/dsl.ts';
import { newFolder, riskflow, riskflowJson, startRiskflow } from './riskflow.ts';

const start: TestNode = { id: 'start', type: 'start', variables: [{ variable: 'text', label: '', type: 'paragraph', required: true }] };
const ask = (extra: Readonly<Record<string, unknown>> = {}): TestNode => ({
  id: 'ask',
  type: 'human-input',
  title: 'Ask a person',
  form_content: 'Block {{#start.text#}}?\n{{#$output.note#}}',
  inputs: [{ type: 'paragraph', output_variable_name: 'note', default: { type: 'constant', value: 'nothing' } }],
  user_actions: [
    { id: 'block', title: 'Block it', button_style: 'primary' },
    { id: 'keep', title: 'Keep it', button_style: 'default' },
  ],
  ...extra,
});
const end = (id: string, outputs: Readonly<Record<string, readonly string[]>>): TestNode => ({
  id,
  type: 'end',
  outputs: Object.entries(outputs).map(([variable, value_selector]) => ({ variable, value_selector })),
});
const flow = (name: string, nodes: readonly TestNode[], edges: readonly TestEdge[]): string =>
  dslText(nodes, edges).replace('"name":"test"', `"name":"${name}"`);

const FLOWS = {
  'decide.yml': flow(
    'decide',
    [start, ask(), end('blocked', { note: ['ask', 'note'], how: ['ask', '__action_value'] }), end('kept', { kept: ['ask', 'note'] })],
    ['start -> ask', 'ask:block -> blocked', 'ask:keep -> kept'],
  ),
  /** A fifth of a second for the answer. */
  'late.yml': flow(
    'late',
    [start, ask({ timeout: 0.003, timeout_unit: 'minute' }), end('late', { text: ['start', 'text'] })],
    ['start -> ask', 'ask:__timeout -> late'],
  ),
  /** Two persons are asked at the same time. */
  'both.yml': flow(
    'both',
    [
      start,
      {
        id: 'split',
        type: 'code',
        code_language: 'javascript',
        code: "function main({ text }) { return { items: text.split(',') }; }",
        variables: [{ variable: 'text', value_selector: ['start', 'text'] }],
        outputs: { items: { type: 'array[string]' } },
      },
      {
        id: 'it',
        type: 'iteration',
        iterator_selector: ['split', 'items'],
        output_selector: ['ask', 'note'],
        start_node_id: 'begin',
        is_parallel: true,
        parallel_nums: 5,
      },
      { id: 'begin', type: 'iteration-start', parentId: 'it' },
      ask({ parentId: 'it', form_content: 'What of {{#it.item#}}?' }),
      end('end', { notes: ['it', 'output'] }),
    ],
    ['start -> split', 'split -> it', 'begin -> ask', 'it -> end'],
  ),
};

type Document = Readonly<Record<string, unknown>>;
const document = (out: string): Document => JSON.parse(out) as Document;
const ID = /^[0-9a-f-]{36}$/;
const says = (text: string): unknown => expect.stringContaining(text);

describe('riskflow run of a flow that asks a person', () => {
  const folder = newFolder();
  beforeAll(() => {
    for (const [name, text] of Object.entries(FLOWS)) writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, 'rows.csv'), 'text\na\nb\n');
  });
  const fresh = () => ({ data: join(newFolder(), 'data'), folder });
  type Here = ReturnType<typeof fresh>;
  const begin = (name: keyof typeof FLOWS, text: string): readonly string[] => ['run', name, '--inputs', JSON.stringify({ text })];
  async function paused(here: Here, name: keyof typeof FLOWS = 'decide.yml', text = 'this'): Promise<string> {
    const { code, out } = await riskflow([...begin(name, text), '--json'], here);
    const { runId, status } = document(out);
    expect([code, status]).toEqual([1, 'paused']);
    return String(runId);
  }
  const answer = (here: Here, runId: string, ...more: readonly string[]) => riskflow(['run', '--answer', runId, ...more], here);
  const statusOf = async (here: Here, runId: string) => {
    const { out, code } = await riskflow(['run', '--resume', runId, '--json'], here);
    return [code, document(out)['status']];
  };

  it('pauses with exit code 1 and says who is asked, and how to see what', async () => {
    const here = fresh();
    const told = await riskflow(begin('decide.yml', 'this'), here);
    expect(told).toMatchObject({
      code: 1,
      out: expect.stringMatching(
        /^paused: waits for a person at Ask a person +\(run (.+)\)\nsee what is asked: riskflow run --answer \S+\n$/,
      ) as string,
    });
    const { code, out } = await riskflow([...begin('decide.yml', 'this'), '--json'], here);
    expect([code, document(out)]).toEqual([
      1,
      {
        runId: expect.stringMatching(ID) as string,
        status: 'paused',
        outputs: null,
        error: null,
        waitsFor: ['Ask a person'],
        until: null,
        flow: 'decide',
        flowVersion: expect.any(String) as string,
      },
    ]);
    // They are not interrupted: nobody is to go on with them yet.
    expect(await riskflow(['run', '--resume'], here)).toMatchObject({ code: 2, err: says('no run is interrupted') });
  });

  it('--answer without an action shows what is asked', async () => {
    const here = fresh();
    const runId = await paused(here);
    expect(await answer(here, runId)).toMatchObject({
      code: 0,
      out: 'Ask a person (ask)\nBlock this?\n{{#$output.note#}}\n  note (paragraph): "nothing" unless given\nactions: block (Block it), keep (Keep it)\n',
    });
    expect(await riskflowJson(['run', '--answer', runId], here)).toEqual({
      runId,
      questions: [
        {
          node: 'ask',
          place: 'ask',
          title: 'Ask a person',
          form: 'Block this?\n{{#$output.note#}}',
          fields: [{ name: 'note', type: 'paragraph', default: 'nothing' }],
          actions: [
            { id: 'block', title: 'Block it' },
            { id: 'keep', title: 'Keep it' },
          ],
          until: null,
        },
      ],
    });
  });

  it('goes on with the answer, and takes none after it', async () => {
    const here = fresh();
    const runId = await paused(here);
    const answered = await answer(here, runId, '--action', 'block', '--inputs', '{"note": "spam"}', '--json');
    expect([answered.code, document(answered.out)]).toEqual([
      0,
      expect.objectContaining({ runId, status: 'succeeded', outputs: { note: 'spam', how: 'Block it' } }),
    ]);
    expect(await answer(here, runId, '--action', 'keep')).toMatchObject({
      code: 2,
      out: '',
      err: says(`run ${runId} asks nobody anything`),
    });
    expect(await answer(here, runId)).toMatchObject({ code: 0, out: `run ${runId} asks nobody anything now\n` });
  });

  it.each([
    {
      what: 'an action that there is not',
      args: ['--action', 'no'],
      err: 'node "Ask a person": there is no action "no": one of "block", "keep" was expected',
    },
    {
      what: 'a field that there is not',
      args: ['--action', 'keep', '--inputs', '{"nots": "x"}'],
      err: 'the form has no field "nots": it has note',
    },
    { what: 'a node that does not ask', args: ['--action', 'keep', '--node', 'kept'], err: 'asks nobody anything at node "kept"' },
    { what: 'another thing that a run is begun with', args: ['--action', 'keep', '--query', 'x'], err: '--query cannot be given with it' },
  ])('refuses $what, and stays as it was', async ({ args, err }) => {
    const here = fresh();
    const runId = await paused(here);
    expect(await answer(here, runId, ...args)).toMatchObject({ code: 2, out: '', err: says(err) });
    expect(await statusOf(here, runId)).toEqual([1, 'paused']);
  });

  it.each([
    { what: 'a run that there is not', args: ['run', '--answer', 'r-1', '--action', 'keep'], err: 'there is no run "r-1"' },
    { what: 'an action without a run', args: ['run', 'decide.yml', '--action', 'keep'], err: '--action is for --answer RUN_ID' },
  ])('refuses $what', async ({ args, err }) => {
    expect(await riskflow(args, fresh())).toMatchObject({ code: 2, out: '', err: says(err) });
  });

  it('--resume without an answer leaves it paused; after the time for it the way of the timeout is taken', async () => {
    const here = fresh();
    const runId = await paused(here);
    expect(await statusOf(here, runId)).toEqual([1, 'paused']);
    expect(await statusOf(here, runId)).toEqual([1, 'paused']);
    const late = await paused(here, 'late.yml');
    await expect.poll(async () => (await statusOf(here, late))[1], { timeout: 60_000, interval: 100 }).toBe('succeeded');
    expect(await answer(here, late, '--action', 'keep')).toMatchObject({ code: 2 });
  });

  it('--stop ends it for good', async () => {
    const here = fresh();
    const runId = await paused(here);
    expect(await riskflowJson(['run', '--stop', runId], here)).toEqual({ runId, status: 'stopped' });
    expect(await riskflowJson(['run', '--stop', runId], here)).toEqual({ runId, status: 'already-over' });
    expect(await answer(here, runId, '--action', 'keep')).toMatchObject({ code: 2, err: says('asks nobody anything') });
    expect(await statusOf(here, runId)).toEqual([1, 'stopped']);
  });

  it('tells questions of the same node apart by the passes they are asked in', async () => {
    const here = fresh();
    const runId = await paused(here, 'both.yml', 'a,b');
    const { questions } = await riskflowJson<{ readonly questions: readonly Document[] }>(['run', '--answer', runId], here);
    expect(questions.map(({ place, form }) => [place, form])).toEqual([
      ['it[0]/ask', 'What of a?'],
      ['it[1]/ask', 'What of b?'],
    ]);
    for (const node of [[], ['--node', 'ask']]) {
      expect(await answer(here, runId, '--action', 'keep', ...node)).toMatchObject({
        code: 2,
        err: says("--node 'it[0]/ask' or --node 'it[1]/ask'"),
      });
    }
    const first = await answer(here, runId, '--action', 'keep', '--node', 'it[1]/ask', '--inputs', '{"note": "second"}', '--json');
    expect([first.code, document(first.out)['status']]).toEqual([1, 'paused']);
    expect(await answer(here, runId, '--action', 'keep', '--node', 'it[1]/ask')).toMatchObject({
      code: 2,
      err: says('it waits at "it[0]/ask"'),
    });
    // Only one is left.
    const last = await answer(here, runId, '--action', 'keep', '--inputs', '{"note": "first"}', '--json');
    expect([last.code, document(last.out)['outputs']]).toEqual([0, { notes: ['first', 'second'] }]);
  });

  it('--wait stays, and goes on with an answer that comes from another process', async () => {
    const here = fresh();
    const waiting = startRiskflow([...begin('decide.yml', 'this'), '--wait', '--events'], here);
    const runId = await waiting.printed(/"workflow_run_id":"([^"]+)"/);
    await waiting.printed(/"node_started".*"node_id":"ask"/);
    await expect.poll(async () => (await answer(here, runId)).out, { timeout: 60_000 }).toContain('Block this?');
    const answered = await answer(here, runId, '--action', 'block', '--inputs', '{"note": "from afar"}');
    // It tells the outcome, if that comes soon.
    expect(answered).toMatchObject({ code: 0, out: expect.stringMatching(/^succeeded|goes on\n$/) as string });
    const { code, out } = await waiting.finished;
    expect([code, out]).toEqual([0, says('"note":"from afar"')]);
    expect(out).not.toContain('workflow_paused');
  });

  it('--wait is ended by Ctrl-C, as any run', async () => {
    const here = fresh();
    const waiting = startRiskflow([...begin('decide.yml', 'this'), '--wait', '--events'], here);
    const runId = await waiting.printed(/"workflow_run_id":"([^"]+)"/);
    await waiting.printed(/"node_started".*"node_id":"ask"/);
    waiting.child.kill('SIGINT');
    expect((await waiting.finished).code).toBe(1);
    expect(await statusOf(here, runId)).toEqual([1, 'stopped']);
  });

  it('in a batch the rows wait, each is answered by its run, and the batch says so', async () => {
    const here = fresh();
    const batch = await riskflow(['run', 'decide.yml', '--batch', 'rows.csv', '--json'], here);
    expect([batch.code, batch.err]).toEqual([1, says('2 runs wait for people: riskflow run --answer RUN_ID')]);
    const { id, results } = document(batch.out) as { readonly id: string; readonly results: readonly Document[] };
    expect(document(batch.out)).toMatchObject({ runs: 2, succeeded: 0, handedOver: 2, finished: true });
    expect(results.map(({ status }) => status)).toEqual(['paused', 'paused']);
    const [first, second] = results.map(({ runId }) => String(runId));
    const answered = await answer(here, String(first), '--action', 'keep', '--json');
    expect([answered.code, document(answered.out)]).toEqual([
      0,
      expect.objectContaining({ status: 'succeeded', outputs: { kept: 'nothing' } }),
    ]);
    expect(await riskflowJson(['run', '--stop', String(second)], here)).toEqual({ runId: second, status: 'stopped' });
    const shown = (await riskflow(['batch', 'show', id], here)).out.trimEnd().split('\n').map(document);
    expect(shown.map(({ status }) => status)).toEqual(['succeeded', 'stopped']);
  });
});
