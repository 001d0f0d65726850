import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll } from 'vitest';

export type ModelEndpoint = {
  /** What OPENAI_BASE_URL is set to. */
  readonly url: string;
  /** The prompts of all calls so far. */
  readonly prompts: readonly string[];
  /** Authorization headers of all calls so far. */
  readonly keys: readonly string[];
  /** Resolves when so many calls have come. */
  readonly called: (count: number) => Promise<void>;
};

type Reply = { readonly status?: number; readonly text: string };

/** An OpenAI-compatible endpoint on the loopback interface, which answers what `reply` says after `delay` milliseconds. Gone after the test file. */
export async function modelEndpoint(
  reply: (prompt: string) => Reply,
  delay: number | ((prompt: string) => number) = 0,
): Promise<ModelEndpoint> {
  const prompts: string[] = [];
  const keys: string[] = [];
  const came = new EventEmitter();
  const called = async (count: number): Promise<void> => {
    while (prompts.length < count) await once(came, 'call');
  };
  const server = createServer((request, response) => {
    void answer();
    async function answer(): Promise<void> {
      const prompt = await promptOf(request);
      prompts.push(prompt);
      keys.push(request.headers.authorization ?? '');
      came.emit('call');
      await sleep(typeof delay === 'number' ? delay : delay(prompt), undefined, { ref: false });
      const { status = 200, text } = reply(prompt);
      const completion = {
        id: 'c',
        object: 'chat.completion',
        created: 0,
        model: 'small',
        choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text } }],
        usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
      };
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(status === 200 ? completion : { error: { message: text } }));
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  servers.push(server);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the endpoint has no port');
  return { url: `http://127.0.0.1:${address.port}/v1`, prompts, keys, called };
}

// Of the file and not of the test: among concurrent tests, which one calls is not known once it has waited for something.
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

async function promptOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as { readonly messages: readonly { readonly content: string }[] };
  return body.messages.map((message) => message.content).join('\n');
}
