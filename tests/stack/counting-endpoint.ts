import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { callKey } from './fault-flow.ts';

export type CallCount = { readonly begun: number; readonly answered: number };
export type CountingEndpoint = {
  /** Base URL for a client of OpenAI's API. */
  readonly url: string;
  /** By node and report. */
  readonly calls: () => ReadonlyMap<string, CallCount>;
  /** Calls in all: that came, and that were answered to somebody who still listened. */
  readonly begun: () => number;
  readonly answered: () => number;
  /** Resolves when nobody is connected: all that was sent has been counted. */
  quiet(): Promise<void>;
  /** From now on answers wait until what it gives back is called. */
  hold: () => () => void;
  /** From now on what concerns these reports is never answered. */
  hang(reports: readonly string[]): void;
  close(): Promise<void>;
};

const LABELS = ['spam', 'ham', 'scam'];
const SHORTEST_MS = 20;
const LONGEST_MS = 120;

/** An OpenAI-compatible endpoint on loopback whose answer, and how long it takes, depend on the prompt alone. It counts every call. */
export async function openCountingEndpoint(): Promise<CountingEndpoint> {
  const calls = new Map<string, { begun: number; answered: number }>();
  const hanging = new Set<string>();
  let gate: PromiseWithResolvers<void> | undefined;
  const server = createServer((request, response) => {
    void bodyOf(request).then(
      (asked) => reply(asked, response),
      () => response.destroy(),
    );
  });
  const reply = async ({ model, prompt }: Asked, response: ServerResponse): Promise<void> => {
    const report = /\[(report \d+)\]/.exec(prompt)?.[1] ?? 'no report';
    const key = callKey(model, { text: report });
    const count = calls.get(key) ?? { begun: 0, answered: 0 };
    calls.set(key, count);
    count.begun++;
    if (hanging.has(report)) return;
    const hash = hashOf(prompt);
    await delay(SHORTEST_MS + (hash % (LONGEST_MS - SHORTEST_MS)));
    await gate?.promise;
    if (response.destroyed) return;
    response.setHeader('content-type', 'application/json');
    response.end(completion(LABELS[hash % LABELS.length] ?? '', prompt.length), () => count.answered++);
  };
  // Connections are counted by what is read of them: the end of one that was killed comes after all that it sent.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the endpoint has no port');
  const sum = (of: (count: CallCount) => number): number => [...calls.values()].reduce((total, count) => total + of(count), 0);
  const connections = (): Promise<number> =>
    new Promise((resolve, reject) => server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))));
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    calls: () => new Map([...calls].map(([key, count]) => [key, { ...count }])),
    begun: () => sum(({ begun }) => begun),
    answered: () => sum(({ answered }) => answered),
    quiet: async () => {
      while ((await connections()) > 0) await delay(5);
    },
    hold: () => {
      const held = Promise.withResolvers<void>();
      gate = held;
      return () => {
        gate = undefined;
        held.resolve();
      };
    },
    hang: (reports) => {
      for (const report of reports) hanging.add(report);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Asked = { readonly model: string; readonly prompt: string };

async function bodyOf(request: IncomingMessage): Promise<Asked> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as {
    readonly model: string;
    readonly messages: readonly { readonly content: string }[];
  };
  return { model: body.model, prompt: body.messages.map(({ content }) => content).join('\n') };
}

function hashOf(text: string): number {
  let hash = 7;
  for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) >>> 0;
  return hash;
}

const completion = (content: string, size: number): string =>
  JSON.stringify({
    id: 'counted',
    object: 'chat.completion',
    created: 0,
    model: 'counted',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: size, completion_tokens: 1, total_tokens: size + 1 },
  });
