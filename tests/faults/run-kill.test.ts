import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startMockModel, type MockModel } from '../../bench/mock-model.ts';
import { dslText, startNode, type TestNode } from '../../flow/testing/dsl.ts';
import type { RunEvent } from '../../schemas/index.ts';
import { openSqliteStorage } from '../../storage/index.ts';
import { riskflow, startRiskflow, testEnvironment, withFolder, type Started } from '../riskflow-process.ts';

const DELAY_MS = 60;
const WAIT_MS = 600;

const llm = (id: string, prompt: string): TestNode => ({
  id,
  type: 'llm',
  model: { provider: 'openai', name: 'mock', mode: 'chat', completion_params: {} },
  prompt_template: [{ role: 'user', text: `${id}: ${prompt}` }],
});

/** Two chains and a single call side by side; then, once all are there, a pinned wait without any call, and two calls in a row. */
const FLOW = dslText(
  [
    startNode('text'),
    llm('left1', '{{#start.text#}}'),
    llm('left2', '{{#left1.text#}}'),
    llm('right1', '{{#start.text#}}'),
    llm('right2', '{{#right1.text#}}'),
    llm('single', '{{#start.text#}}'),
    {
      id: 'join',
      type: 'template-transform',
      template: '{{ a }}/{{ b }}/{{ c }}',
      variables: [
        { variable: 'a', value_selector: ['left2', 'text'] },
        { variable: 'b', value_selector: ['right2', 'text'] },
        { variable: 'c', value_selector: ['single', 'text'] },
      ],
    },
    llm('wait', 'never asked'),
    llm('last1', '{{#join.output#}} {{#wait.text#}}'),
    llm('last2', '{{#last1.text#}} {{#join.output#}}'),
    {
      id: 'end',
      type: 'end',
      outputs: [
        { variable: 'label', value_selector: ['last2', 'text'] },
        { variable: 'votes', value_selector: ['join', 'output'] },
        { variable: 'note', value_selector: ['wait', 'text'] },
      ],
    },
  ],
  [
    'start -> left1',
    'left1 -> left2',
    'start -> right1',
    'right1 -> right2',
    'start -> single',
    'left2 -> join',
    'right2 -> join',
    'single -> join',
    'join -> wait',
    'wait -> last1',
    'last1 -> last2',
    'last2 -> end',
  ],
);
const CALLING = ['left1', 'left2', 'right1', 'right2', 'single', 'last1', 'last2'];
const NODES = ['start', ...CALLING, 'join', 'wait', 'end'];
const PINS = { wait: { outputs: { text: 'waited' }, delayMs: WAIT_MS } };

/** Minimal standard generator (Park & Miller), so that a failing moment can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

type Seen = { readonly mock: MockModel; readonly printed: string };
/** When to kill: once this is seen, and so many milliseconds later. */
type Moment = { readonly name: string; readonly seen: (seen: Seen) => boolean; readonly laterMs: number; readonly twice?: boolean };

const random = numbers(20261203);
const afterCalls = (calls: number, twice = false): Moment => {
  const laterMs = random(DELAY_MS / 2);
  return {
    name: `${laterMs} ms after call ${calls} began${twice ? ', and the next owner too' : ''}`,
    seen: ({ mock }) => mock.calls().begun >= calls,
    laterMs,
    twice,
  };
};
const afterAnswers = (answers: number): Moment => ({
  name: `as answer ${answers} is given`,
  seen: ({ mock }) => mock.calls().answered >= answers,
  laterMs: 0,
});
const BETWEEN = 'between two calls';
const MOMENTS: readonly Moment[] = [
  { name: 'before the first call', seen: ({ printed }) => printed.includes('"node_id":"start"'), laterMs: 0 },
  afterCalls(1),
  afterCalls(2 + random(2), true),
  afterCalls(4),
  afterCalls(5, true),
  afterAnswers(1 + random(5)),
  { name: BETWEEN, seen: ({ printed }) => printed.includes('"node_id":"wait"'), laterMs: 10 + random(30) },
  afterCalls(6),
  afterCalls(7),
  afterAnswers(7),
];

/** Waits for the moment, then kills the process. False: it was over before. */
async function killAt({ child, finished }: Started, mock: MockModel, moment: Pick<Moment, 'seen' | 'laterMs'>): Promise<boolean> {
  let printed = '';
  child.stdout?.on('data', (text: string) => (printed += text));
  while (child.exitCode === null && !moment.seen({ mock, printed })) await new Promise((resolve) => setTimeout(resolve, 1));
  if (moment.laterMs > 0) await new Promise((resolve) => setTimeout(resolve, moment.laterMs));
  child.kill('SIGKILL');
  await finished;
  return child.signalCode === 'SIGKILL';
}

/** What the data folder holds of its only run. */
async function look(folder: string) {
  const storage = await openSqliteStorage({ folder });
  try {
    const [started] = await storage.events.readLog('default', 'runs-0', { limit: 1 });
    if (started === undefined) throw new Error(`no run was begun in ${folder}`);
    const { runId } = started.data as { readonly runId: string };
    const stored = await storage.events.readStream('default', `run/${runId}`);
    const events = stored.map(({ type, data }) => ({ type, data }) as RunEvent);
    const found = await Promise.all(CALLING.map((node) => storage.effects.find('default', runId, `${node}#1`)));
    const answers = found.filter((result) => result !== undefined).length;
    return { runId, events, versions: stored.map(({ version }) => version), answers, log: await storage.events.head('default', 'runs-0') };
  } finally {
    await storage.close();
  }
}

function essence(stdout: string) {
  const { status, outputs, error, totalSteps, totalTokens, exceptionsCount, flow, flowVersion } = JSON.parse(stdout) as Record<
    string,
    unknown
  >;
  return { status, outputs, error, totalSteps, totalTokens, exceptionsCount, flow, flowVersion };
}

const nodesOf = (events: readonly RunEvent[], type: 'NodeStarted' | 'NodeFinished'): readonly string[] =>
  events.flatMap((event) => (event.type === type ? [event.data.nodeId] : []));

describe('kill -9 in the middle of a run, then run --resume', () => {
  it(
    `gives the undisturbed outcome at ${MOMENTS.length} moments, and makes no call again whose answer was stored`,
    { timeout: 300_000 },
    async () => {
      await withFolder(async (folder) => {
        const [flow, pins] = [join(folder, 'flow.yml'), join(folder, 'pins.json')];
        writeFileSync(flow, FLOW);
        writeFileSync(pins, JSON.stringify(PINS));
        const begin = ['run', flow, '--inputs', '{"text": "you won"}', '--pin', pins];
        const environmentFor = (name: string, port: number) =>
          testEnvironment(join(folder, name), { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` });

        const calm = await startMockModel({ delayMs: DELAY_MS, labels: ['spam', 'ham', 'scam'] });
        const undisturbed = await riskflow([...begin, '--json'], environmentFor('calm', calm.port));
        expect(undisturbed.code, undisturbed.stderr).toBe(0);
        expect(calm.calls()).toMatchObject({ answered: CALLING.length, distinct: CALLING.length, repeated: 0 });
        await calm.close();

        let kills = 0;
        const inFlight: number[] = [];
        for (const [i, moment] of MOMENTS.entries()) {
          const mock = await startMockModel({ delayMs: DELAY_MS, labels: ['spam', 'ham', 'scam'] });
          const environment = environmentFor(`data-${i}`, mock.port);
          const data = join(folder, `data-${i}`);
          if (await killAt(startRiskflow([...begin, '--events'], environment), mock, moment)) kills++;
          let killed = await look(data);
          if (moment.twice === true) {
            const { begun } = mock.calls();
            const again = { seen: () => mock.calls().begun > begun, laterMs: random(DELAY_MS / 2) };
            if (await killAt(startRiskflow(['run', '--resume', killed.runId, '--json'], environment), mock, again)) kills++;
            const later = await look(data);
            expect(later.events.slice(0, killed.events.length), moment.name).toEqual(killed.events);
            killed = later;
          }
          const unstored = mock.calls().begun - killed.answers;
          inFlight.push(unstored);

          const resumed = await riskflow(['run', '--resume', killed.runId, '--json'], environment);
          expect(resumed.code, `${moment.name}: ${resumed.stderr}`).toBe(0);
          expect(essence(resumed.stdout), moment.name).toEqual(essence(undisturbed.stdout));
          // Each call that had no stored answer was made again, and no other.
          expect(mock.calls(), moment.name).toMatchObject({ distinct: CALLING.length, repeated: unstored });

          const after = await look(data);
          expect(after.runId).toBe(killed.runId);
          expect(after.events.slice(0, killed.events.length), moment.name).toEqual(killed.events);
          expect(after.versions).toEqual(after.events.map((_, at) => at + 1));
          // Nothing stands in the log but this run: none was begun beside it.
          expect(after.log).toBe(after.events.length);
          expect(after.events.filter(({ type }) => type === 'RunStarted' || type === 'RunFinished').map(({ type }) => type)).toEqual([
            'RunStarted',
            'RunFinished',
          ]);
          expect(nodesOf(after.events, 'NodeFinished').toSorted(), moment.name).toEqual(NODES.toSorted());
          expect(nodesOf(after.events, 'NodeStarted').toSorted(), moment.name).toEqual([...CALLING, 'wait'].toSorted());

          if (i === MOMENTS.length - 1) {
            const again = await riskflow(['run', '--resume', killed.runId, '--json'], environment);
            expect([again.code, again.stdout]).toEqual([0, resumed.stdout]);
            const none = await riskflow(['run', '--resume', '--json'], environment);
            expect([none.code, none.stdout]).toEqual([2, '']);
            expect(mock.calls()).toMatchObject({ distinct: CALLING.length, repeated: unstored });
            expect(await look(data)).toEqual(after);
          }
          await mock.close();
        }
        // Else the moments show less than they claim: a slow machine may let a run end before its kill.
        expect(kills).toBeGreaterThanOrEqual(MOMENTS.length);
        expect(inFlight.filter((calls) => calls > 0).length, String(inFlight)).toBeGreaterThanOrEqual(5);
        expect(inFlight.filter((calls) => calls > 1).length, String(inFlight)).toBeGreaterThanOrEqual(1);
        expect(inFlight[MOMENTS.findIndex(({ name }) => name === BETWEEN)]).toBe(0);
      });
    },
  );
});
