import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { answerHttp } from './http-paths.ts';

/** A model's answer: a text, or an error status; held until the node `after` has finished; none ever when it `hangs`. */
export type ScriptedAnswer = {
  readonly text?: string;
  /** Thoughts that the endpoint keeps apart from the text. */
  readonly reasoning?: string;
  /** Tools that the model wants called, with the text of their arguments. */
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: string }[];
  readonly status?: number;
  readonly hangs?: true;
  readonly after?: string;
};
/** By node, for its first, second, … call. */
export type ScriptedAnswers = Readonly<Record<string, readonly ScriptedAnswer[]>>;

/** The calls of one run. */
export type Play = {
  /** Prompts as they were sent, messages joined by line breaks, by node. */
  readonly prompts: () => Readonly<Record<string, readonly string[]>>;
  /** Lets go the answers that wait for this node. */
  readonly finished: (node: string) => void;
};
export type ScriptedEndpoint = {
  /** Base URL for a client of OpenAI's API. */
  readonly url: string;
  /** From now on these are the answers. */
  play(answers: ScriptedAnswers): Play;
  close(): Promise<void>;
};

type Scene = {
  readonly answers: ScriptedAnswers;
  readonly prompts: Map<string, string[]>;
  readonly finished: Set<string>;
  waiting: { readonly node: string; readonly go: () => void }[];
};

/**
 * An OpenAI-compatible endpoint on loopback that plays one run at a time. Who asks is told by the name of the model: the node's id. On other paths
 * it answers as http-paths.ts says.
 */
export async function openScriptedEndpoint(): Promise<ScriptedEndpoint> {
  let scene = sceneOf({});
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/v1/') !== true) {
      answerHttp(request, response).catch(() => response.destroy());
      return;
    }
    const current = scene;
    bodyOf(request).then(
      (body) => answer(current, body, response),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the endpoint has no port');
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    play: (answers) => {
      const current = sceneOf(answers);
      scene = current;
      return {
        prompts: () => Object.fromEntries(current.prompts),
        finished: (node) => {
          current.finished.add(node);
          const free = current.waiting.filter((held) => held.node === node);
          current.waiting = current.waiting.filter((held) => held.node !== node);
          for (const { go } of free) go();
        },
      };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const sceneOf = (answers: ScriptedAnswers): Scene => ({ answers, prompts: new Map(), finished: new Set(), waiting: [] });

type Part = { readonly type: string; readonly text?: string; readonly image_url?: { readonly url: string; readonly detail: string } };
type Asked = {
  readonly model: string;
  readonly messages?: readonly { readonly role: string; readonly content: string | readonly Part[] | null }[];
  /** Of a model that completes texts. */
  readonly prompt?: string;
  readonly tools?: readonly { readonly function: { readonly name: string; readonly parameters: unknown } }[];
};

/** What was sent, as one text: pictures by their URL and detail, tools by their name and parameters. */
const promptText = ({ messages = [], prompt, tools = [] }: Asked): string =>
  [
    ...(prompt === undefined ? [] : [`complete: ${prompt}`]),
    ...messages.map(({ content }) => (typeof content === 'string' ? content : (content ?? []).map(partText).join('\n'))),
    ...tools.map((tool) => `tool ${tool.function.name}: ${JSON.stringify(tool.function.parameters)}`),
  ].join('\n');

const partText = ({ text, image_url: image }: Part): string => text ?? `[${image?.detail} ${image?.url}]`;

async function bodyOf(request: IncomingMessage): Promise<Asked> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString('utf8')) as Asked;
}

function answer(scene: Scene, asked: Asked, response: ServerResponse): void {
  const node = asked.model;
  const prompts = scene.prompts.get(node) ?? [];
  scene.prompts.set(node, [...prompts, promptText(asked)]);
  const wanted = scene.answers[node]?.[prompts.length];
  if (wanted === undefined)
    return send(response, asked, { status: 400, text: `the case has no answer number ${prompts.length + 1} for ${node}` });
  if (wanted.hangs === true) return;
  const go = (): void => send(response, asked, wanted);
  if (wanted.after === undefined || scene.finished.has(wanted.after)) go();
  else scene.waiting.push({ node: wanted.after, go });
}

function send(response: ServerResponse, { model, prompt }: Asked, wanted: ScriptedAnswer): void {
  const { status = 200, text = status === 200 ? '' : `status ${status} on purpose` } = wanted;
  const body =
    status === 200
      ? {
          id: 'scripted',
          object: prompt === undefined ? 'chat.completion' : 'text_completion',
          created: 0,
          model,
          choices: [{ index: 0, finish_reason: 'stop', ...(prompt === undefined ? { message: messageOf(text, wanted) } : { text }) }],
          usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
        }
      : { error: { message: text, type: 'scripted' } };
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

const messageOf = (text: string, { reasoning, toolCalls }: ScriptedAnswer): object => ({
  role: 'assistant',
  content: toolCalls === undefined ? text : null,
  ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
  ...(toolCalls === undefined
    ? {}
    : { tool_calls: toolCalls.map((called, at) => ({ id: `call-${at}`, type: 'function', function: called })) }),
});
