import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dslText, startNode } from '../flow/testing/dsl.ts';
import { riskflow, testEnvironment, withFolder } from './riskflow-process.ts';

const CANARY = 'canary-5f1e9c77d2';
const KEY = 'sk-canary-a83b60e1';
const PASSWORD = 'canary p@ss/41c7';

/** Everything under a folder, with its bytes. */
function filesUnder(folder: string): readonly { readonly path: string; readonly bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, bytes: readFileSync(path) }));
}

describe('a secret', () => {
  it('reaches the model and nothing else: no table, file, log, output or error holds it', { timeout: 60_000 }, async () => {
    await withFolder(async (folder) => {
      const seen: string[] = [];
      // A model that repeats whatever it is told, and fails with it when asked to.
      const server = createServer((request, response) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          const body = Buffer.concat(parts).toString('utf8');
          seen.push(`${request.headers.authorization ?? ''} ${body}`);
          const prompt = (JSON.parse(body) as { readonly messages: readonly { readonly content: string }[] }).messages
            .map((message) => message.content)
            .join(' ');
          response.setHeader('content-type', 'application/json');
          if (prompt.includes('please fail')) {
            response.statusCode = 400;
            response.end(JSON.stringify({ error: { message: `cannot: ${prompt} with ${request.headers.authorization ?? ''}` } }));
            return;
          }
          response.end(
            JSON.stringify({
              choices: [{ message: { role: 'assistant', content: `you said: ${prompt}` }, finish_reason: 'stop' }],
              usage: { prompt_tokens: 1, completion_tokens: 1 },
            }),
          );
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;

      const flow = join(folder, 'secret.yml');
      const nodes = [
        startNode('text'),
        { id: 'tpl', type: 'template-transform', template: 'key={{ k }}', variables: [{ variable: 'k', value_selector: ['env', 'API'] }] },
        {
          id: 'code',
          type: 'code',
          code_language: 'javascript',
          code: 'function main({ k }) { return { echo: k, length: k.length } }',
          variables: [{ variable: 'k', value_selector: ['env', 'API'] }],
          outputs: { echo: { type: 'string' }, length: { type: 'number' } },
        },
        {
          id: 'if',
          type: 'if-else',
          cases: [
            {
              case_id: 'known',
              logical_operator: 'and',
              conditions: [{ variable_selector: ['env', 'API'], comparison_operator: 'contains', value: 'canary' }],
            },
          ],
        },
        {
          id: 'llm',
          type: 'llm',
          model: { provider: 'openai', name: 'm' },
          prompt_template: [{ role: 'user', text: 'use {{#env.API#}} for {{#start.text#}}' }],
        },
        {
          id: 'end',
          type: 'end',
          outputs: [
            { variable: 'answer', value_selector: ['llm', 'text'] },
            { variable: 'direct', value_selector: ['env', 'API'] },
            { variable: 'tpl', value_selector: ['tpl', 'output'] },
            { variable: 'echo', value_selector: ['code', 'echo'] },
            { variable: 'length', value_selector: ['code', 'length'] },
          ],
        },
        { id: 'no', type: 'end', outputs: [{ variable: 'no', value_selector: ['start', 'text'] }] },
      ];
      const edges = ['start -> tpl', 'tpl -> code', 'code -> if', 'if:known -> llm', 'if:false -> no', 'llm -> end'] as const;
      writeFileSync(flow, dslText(nodes, edges, { environment: [{ name: 'API', value_type: 'secret', value: CANARY }] }));
      const data = join(folder, 'data');
      const environment = testEnvironment(data, {
        OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
        OPENAI_API_KEY: KEY,
        RISKFLOW_SECRET_API: CANARY,
      });

      const good = await riskflow(['run', flow, '--inputs', '{"text":"hello"}', '--json', '--debug'], environment);
      const events = await riskflow(['run', flow, '--inputs', '{"text":"hello"}', '--events'], environment);
      const bad = await riskflow(['run', flow, '--inputs', '{"text":"please fail"}', '--json', '--debug'], environment);
      await new Promise<void>((resolve) => server.close(() => resolve()));

      // The secret was really used, ...
      expect(good.code, good.stderr).toBe(0);
      expect(seen.some((call) => call.includes(`use ${CANARY} for hello`) && call.includes(KEY))).toBe(true);
      expect(JSON.parse(good.stdout)).toMatchObject({
        status: 'succeeded',
        outputs: { tpl: 'key=***', echo: '***', length: CANARY.length, direct: '***' },
      });
      expect(events.code).toBe(0);
      expect(events.stdout).toContain('use *** for hello');
      expect(events.stdout).not.toMatch(/[\ufdd0\ufdd1]/);
      expect(bad.code).toBe(1);
      // ... and is nowhere to be found.
      const printed = [good, events, bad].map((result) => result.stdout + result.stderr).join('\n');
      for (const secret of [CANARY, KEY]) {
        expect(printed).not.toContain(secret);
        for (const { path, bytes } of filesUnder(data)) expect(bytes.includes(secret), `${path} holds the secret`).toBe(false);
      }
      expect(filesUnder(data).length).toBeGreaterThan(0);
    });
  });

  it.each<readonly [string, Readonly<Record<string, string>>, string]>([
    ['in the address', { RISKFLOW_MYSQL_URL: `mysql://risk:${encodeURIComponent(PASSWORD)}@127.0.0.1:9/risk` }, ''],
    ['in an address that is none', { RISKFLOW_MYSQL_URL: `mysql:/risk:${PASSWORD}@127.0.0.1:9` }, ''],
    ['in a variable of its own', { RISKFLOW_MYSQL_URL: 'mysql://risk@127.0.0.1:9/risk', RISKFLOW_MYSQL_PASSWORD: PASSWORD }, ''],
    [
      'in a variable that the configuration names',
      { DB_PW: PASSWORD },
      'storage: { mysql: { url: "mysql://risk@127.0.0.1:9/risk", passwordEnv: DB_PW } }\n',
    ],
    ['in a file', {}, 'storage: { mysql: { url: "mysql://risk@127.0.0.1:9/risk", passwordFile: password.txt } }\n'],
  ])('the password of MySQL %s is in no output of commands that fail', { timeout: 180_000 }, async (_, environment, config) => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, 'riskflow.yml'), config);
      writeFileSync(join(folder, 'password.txt'), `${PASSWORD}\n`);
      const commands = [['flow', 'list', '--debug'], ['doctor'], ['config', 'check', '--json'], ['config', 'show']];
      const data = join(folder, 'data');
      const results = await Promise.all(commands.map((args) => riskflow(args, testEnvironment(data, environment), folder)));
      expect(results[0]?.code).not.toBe(0);
      const printed = results.map(({ stdout, stderr }) => stdout + stderr).join('\n');
      expect(printed).toMatch(/mysql/i);
      for (const form of [PASSWORD, encodeURIComponent(PASSWORD)]) expect(printed).not.toContain(form);
    });
  });
});
