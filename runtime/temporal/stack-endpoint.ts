import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** An answer of the endpoint: a text after some time, or an error status. `hang`: none ever. */
export type Answer = { readonly text: string; readonly afterMs?: number } | { readonly status: number; readonly afterMs?: number } | 'hang';

export type StackEndpoint = {
  /** Base URL for a client of OpenAI's API. */
  readonly url: string;
  /** Nodes in the order in which they asked. */
  readonly asked: string[];
  /** Nodes whose caller hung up before the answer. */
  readonly abandoned: string[];
  /** Says what a node is answered the nth time it asks, from 1. */
  answer: (node: string, nth: number) => Answer;
  close(): Promise<void>;
};

/** An OpenAI-like endpoint on loopback. Whoever asks says in the system message who it is: "node=NAME". */
export async function openStackEndpoint(): Promise<StackEndpoint> {
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => reply(node(body), response));
  });
  const asked: string[] = [];
  const abandoned: string[] = [];
  const reply = (name: string, response: ServerResponse): void => {
    asked.push(name);
    const answer = endpoint.answer(name, asked.filter((other) => other === name).length);
    response.on('close', () => {
      if (!response.writableEnded) abandoned.push(name);
    });
    if (answer === 'hang') return;
    setTimeout(() => send(response, answer), answer.afterMs ?? 0);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the endpoint has no port');
  const endpoint: StackEndpoint = {
    url: `http://127.0.0.1:${address.port}/v1`,
    asked,
    abandoned,
    answer: (name) => ({ text: name }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return endpoint;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return new TextDecoder().decode(Buffer.concat(chunks));
}

const node = (body: string): string => /node=(\w+)/.exec(body)?.[1] ?? 'unknown';

function send(response: ServerResponse, answer: Exclude<Answer, 'hang'>): void {
  const body =
    'status' in answer
      ? { error: { message: `status ${answer.status} on purpose`, type: 'test' } }
      : {
          id: 'chat-1',
          object: 'chat.completion',
          created: 0,
          model: 'test-model',
          choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: answer.text } }],
          usage: { prompt_tokens: 11, completion_tokens: 4, total_tokens: 15 },
        };
  response.writeHead('status' in answer ? answer.status : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
