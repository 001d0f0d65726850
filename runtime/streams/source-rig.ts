import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import { sourceSettings, type SourceSettings } from '../../schemas/index.ts';
import { createSource, type CreatedSource } from '../commands/sources/create-source.ts';
import type { Context } from '../context.ts';
import { openApp, type App } from '../open-app.ts';
import { readSettings } from '../settings.ts';

/** What tests of sources share: flows, a model on loopback, and processes that start a source. */

/** The text of a DSL file (JSON is YAML). Edges are `from -> to` or `from:handle -> to`. */
function dsl(
  name: string,
  { nodes, edges, mode = 'workflow' }: { readonly nodes: readonly object[]; readonly edges: readonly string[]; readonly mode?: string },
): string {
  const graph = {
    nodes: nodes.map((node) => ({
      id: 'id' in node ? node.id : '',
      type: 'custom',
      data: { title: 'id' in node ? node.id : '', ...node },
    })),
    edges: edges.map((edge) => {
      const [from = '', target = ''] = edge.split(' -> ');
      const [source = '', sourceHandle = 'source'] = from.split(':');
      return { source, sourceHandle, target };
    }),
  };
  const workflow = { environment_variables: [], conversation_variables: [], features: {}, graph };
  return JSON.stringify({ version: '0.6.0', kind: 'app', app: { name, mode }, workflow });
}

const start = (variables: readonly object[]): object => ({ id: 'start', type: 'start', variables });
const text = { variable: 'text', label: 'text', type: 'paragraph', required: true };

/** Decides by a word, without any effect: label "spam" for texts with "offer", else `other`. */
export const rulesFlow = (options: { readonly name?: string; readonly other?: string } = {}): string =>
  dsl(options.name ?? 'rules', {
    nodes: [
      start([text, { variable: 'score', label: 'score', type: 'number', required: false }]),
      {
        id: 'if',
        type: 'if-else',
        cases: [
          {
            case_id: 'spam',
            logical_operator: 'and',
            conditions: [{ variable_selector: ['start', 'text'], comparison_operator: 'contains', value: 'offer' }],
          },
        ],
      },
      { id: 'spam', type: 'template-transform', template: 'spam', variables: [] },
      { id: 'other', type: 'template-transform', template: options.other ?? 'ham', variables: [] },
      {
        id: 'either',
        type: 'variable-aggregator',
        variables: [
          ['spam', 'output'],
          ['other', 'output'],
        ],
      },
      {
        id: 'end',
        type: 'end',
        outputs: [
          { variable: 'label', value_selector: ['either', 'output'] },
          { variable: 'score', value_selector: ['start', 'score'] },
        ],
      },
    ],
    edges: ['start -> if', 'if:spam -> spam', 'if:false -> other', 'spam -> either', 'other -> either', 'either -> end'],
  });

const llm = (id: string, prompt: string): object => ({
  id,
  type: 'llm',
  model: { provider: 'openai', name: 'mock', mode: 'chat', completion_params: {} },
  prompt_template: [{ role: 'user', text: prompt }],
});

/** Asks a model twice, one call after the other. */
export const llmFlow = (options: { readonly mark?: string } = {}): string =>
  dsl('asking', {
    nodes: [
      start([text]),
      llm('first', `first${options.mark ?? ''} {{#start.text#}}`),
      llm('second', `second${options.mark ?? ''} {{#start.text#}}`),
      { id: 'end', type: 'end', outputs: [{ variable: 'label', value_selector: ['second', 'text'] }] },
    ],
    edges: ['start -> first', 'first -> second', 'second -> end'],
  });

/** Answers with its query. */
export const chatFlow = (): string =>
  dsl('chat', {
    mode: 'advanced-chat',
    nodes: [start([]), { id: 'answer', type: 'answer', answer: 'you said {{#sys.query#}}' }],
    edges: ['start -> answer'],
  });

export type RigModel = {
  readonly environment: Readonly<Record<string, string>>;
  /** How often each prompt came. */
  readonly calls: ReadonlyMap<string, number>;
  /** Resolves when that many calls in all have come. */
  readonly came: (count: number) => Promise<void>;
  /** Answers wait until released. */
  readonly hold: () => void;
  readonly release: () => void;
  readonly close: () => Promise<void>;
};

/** An OpenAI-compatible endpoint on loopback that repeats the prompt in capitals. A prompt that holds "refuse" gets status 400. */
export async function startRigModel(delayMs = 0): Promise<RigModel> {
  const calls = new Map<string, number>();
  const watchers = new Set<() => void>();
  const held: (() => void)[] = [];
  let holding = false;
  const total = (): number => [...calls.values()].reduce((sum, count) => sum + count, 0);
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { messages } = JSON.parse(Buffer.concat(parts).toString()) as { readonly messages: readonly { readonly content: string }[] };
      const prompt = messages.map((message) => message.content).join('\n');
      calls.set(prompt, (calls.get(prompt) ?? 0) + 1);
      for (const watcher of watchers) watcher();
      const answer = (): void => {
        response.statusCode = prompt.includes('refuse') ? 400 : 200;
        response.setHeader('content-type', 'application/json');
        const message = { role: 'assistant', content: prompt.toUpperCase() };
        response.end(
          JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1 } }),
        );
      };
      if (holding) held.push(answer);
      else setTimeout(answer, delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    environment: { OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1` },
    calls,
    came: (count) =>
      new Promise((resolve) => {
        const watcher = (): void => {
          if (total() < count) return;
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
        watcher();
      }),
    hold: () => {
      holding = true;
    },
    release: () => {
      holding = false;
      for (const answer of held.splice(0)) answer();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A source over a file of JSON lines, as short as tests like it. */
export type FileSource = {
  readonly sourceId: string;
  readonly path: string;
  readonly flow: string;
  readonly keyField?: string;
  readonly queryField?: string;
  readonly inputMap?: Readonly<Record<string, string>>;
  readonly onDuplicateKey?: SourceSettings['onDuplicateKey'];
  /** Settings beyond those. */
  readonly more?: object;
};

export function createFileSource(context: Context, source: FileSource): Promise<CreatedSource> {
  const { sourceId, path, flow, keyField, queryField, inputMap = {}, onDuplicateKey = 'process', more = {} } = source;
  const record = {
    inputs: inputMap,
    ...(keyField === undefined ? {} : { key: keyField }),
    ...(queryField === undefined ? {} : { query: queryField }),
  };
  const settings = sourceSettings.parse({ connector: { kind: 'file', path, format: 'ndjson' }, record, onDuplicateKey, ...more });
  return createSource(context, { sourceId, flow, settings });
}

export const openRig = (folder: string, environment: Readonly<Record<string, string>> = {}): Promise<App> =>
  openApp(readSettings({ ...environment, RISKFLOW_DATA: folder }, folder), { actor: 'test' });

/** A process of its own that starts a source, and prints what went wrong. */
export function startInProcess(
  folder: string,
  sourceId: string,
  environment: Readonly<Record<string, string>>,
): { readonly child: ChildProcess; readonly ended: Promise<string> } {
  const script = `
    const { openRig } = await import(process.env.RIG);
    const { runSource } = await import(process.env.SOURCES);
    const app = await openRig(process.env.FOLDER, process.env);
    await runSource(app.context, process.env.SOURCE, { concurrency: 4 });
    await app.close();`;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
    env: {
      ...environment,
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      RIG: import.meta.url,
      SOURCES: new URL('keeping/run-source.ts', import.meta.url).href,
      FOLDER: folder,
      SOURCE: sourceId,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (errors += piece));
  const ended = new Promise<string>((resolve) => {
    child.once('close', () => resolve(errors));
  });
  return { child, ended };
}
