import { createServer } from 'node:http';

export type MockOptions = {
  readonly delayMs: number;
  readonly labels: readonly string[];
  /** Answers wait for it too; those from the `heldFrom`th call on, default: all. */
  readonly held?: Promise<void>;
  readonly heldFrom?: number;
};

/** Calls so far: begun, answered, different prompts, and how many came again. */
export type MockCalls = { readonly begun: number; readonly answered: number; readonly distinct: number; readonly repeated: number };
export type MockModel = { readonly port: number; readonly calls: () => MockCalls; readonly close: () => Promise<void> };

/**
 * An OpenAI-compatible endpoint for benches and fault tests, on loopback: answers each chat completion after a fixed delay with a
 * label that depends on the text alone. `GET /calls` gives how many calls it has answered and begun, and how often each prompt came.
 * Run as a program it prints its port: node bench/mock-model.ts DELAY_MS
 */
export function startMockModel(options: MockOptions): Promise<MockModel> {
  const counts = new Map<string, number>();
  let begun = 0;
  let answered = 0;
  const calls = (): MockCalls => ({
    begun,
    answered,
    distinct: counts.size,
    repeated: [...counts.values()].reduce((sum, count) => sum + count - 1, 0),
  });
  const server = createServer((request, response) => {
    if (request.url === '/calls') {
      response.end(JSON.stringify(calls()));
      return;
    }
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      begun++;
      const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as { readonly messages: readonly { readonly content: string }[] };
      const prompt = body.messages.map((message) => message.content).join('\n');
      counts.set(prompt, (counts.get(prompt) ?? 0) + 1);
      const reply = (): void => {
        answered++;
        response.setHeader('content-type', 'application/json');
        response.end(answer(options.labels, prompt));
      };
      const isHeld = begun >= (options.heldFrom ?? 0);
      setTimeout(() => {
        if (options.held === undefined || !isHeld) reply();
        else options.held.then(reply, reply);
      }, options.delayMs);
    });
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      resolve({
        port,
        calls,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
}

function answer(labels: readonly string[], prompt: string): string {
  let hash = 0;
  for (let i = 0; i < prompt.length; i++) hash = (hash * 31 + prompt.charCodeAt(i)) >>> 0;
  const content = labels[hash % labels.length] ?? '';
  return JSON.stringify({
    id: 'mock',
    object: 'chat.completion',
    created: 0,
    model: 'mock',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: Math.ceil(prompt.length / 4), completion_tokens: 1, total_tokens: Math.ceil(prompt.length / 4) + 1 },
  });
}

if (import.meta.main) {
  const { port } = await startMockModel({ delayMs: Number(process.argv[2] ?? 50), labels: ['spam', 'ham'] });
  process.stdout.write(`${port}\n`);
}
