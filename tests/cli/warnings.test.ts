import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { dslText } from '../../flow/testing/dsl.ts';
import { copyOf, dataWithSamples, workingFolder } from './fixtures.ts';
import { modelEndpoint } from './model-endpoint.ts';
import { riskflow, type Start } from './riskflow.ts';

const LEFT_OUT = 'node "Ask" (ask): model openai/small: top_k is not a parameter of OpenAI-compatible endpoints; it is left out';

const lines = (err: string): readonly string[] => err.split('\n').filter((line) => line !== '');
const count = (err: string, part: string): number => lines(err).filter((line) => line.includes(part)).length;

describe('what is worth knowing is said on standard error', () => {
  let folder: string;
  let template: string;
  beforeAll(async () => {
    folder = workingFolder();
    template = await dataWithSamples(folder);
  });

  describe('a parameter that the model is not told', () => {
    async function start(): Promise<Start> {
      const { url } = await modelEndpoint(() => ({ text: 'spam' }));
      return { data: await copyOf(template), folder, env: { OPENAI_BASE_URL: url } };
    }

    it('flow validate lists it', async () => {
      const { code, out } = await riskflow(['flow', 'validate', 'oddParams.yml'], await start());
      expect([code, count(out, `warning: ${LEFT_OUT.slice('node "Ask" (ask): '.length)}`)]).toEqual([0, 1]);
    });

    it('run, of the file and of the published flow, says it once', async () => {
      const begin = await start();
      for (const flow of ['oddParams.yml', 'odd-params']) {
        const { code, err } = await riskflow(['run', flow, '--inputs', '{"text": "x"}'], begin);
        expect([code, lines(err)]).toEqual([0, [`riskflow: warning: ${LEFT_OUT}`]]);
      }
    });

    it('eval run says it once per variant and not per sample', async () => {
      const args = ['eval', 'run', '--a', 'good.yml', '--b', 'oddParams.yml', '--samples', 'small@test'];
      const { code, err } = await riskflow(args, await start());
      expect(code).not.toBe(2);
      expect(count(err, LEFT_OUT)).toBe(1);
      expect(err).toContain(`riskflow: warning: variant B: ${LEFT_OUT}`);
    });

    it('source start says it once and not per record', async () => {
      const begin = await start();
      const create = ['source', 'create', 'odd', '--file', 'records.ndjson', '--flow', 'oddParams.yml'];
      expect((await riskflow(create, begin)).code).toBe(0);
      const { code, err } = await riskflow(['source', 'start', 'odd'], begin);
      expect([code, count(err, `warning: ${LEFT_OUT}`), count(err, 'top_k')]).toEqual([0, 1, 1]);
    });
  });

  it('a classifier that is trained on first use is announced, and only then', async () => {
    const begin = { data: await copyOf(template), folder };
    const run = ['run', 'classify.yml', '--inputs', '{"text": "win a prize"}'];
    const first = await riskflow(run, begin);
    expect(first.code).toBe(0);
    expect(lines(first.err)).toContain(
      'riskflow: training the classifier small@tune, which was not trained yet (as riskflow model train small@tune does)',
    );
    const second = await riskflow(run, begin);
    expect([second.code, count(second.err, 'training the classifier')]).toEqual([0, 0]);
  });

  it('eval run names the nodes that act outside, unless their results are given', async () => {
    const start = { id: 'start', type: 'start', variables: [{ variable: 'text', label: '', type: 'paragraph', required: true }] };
    const post = { id: 'post', type: 'http-request', title: 'Tell them', method: 'post', url: 'http://127.0.0.1:9/' };
    const end = { id: 'end', type: 'end', outputs: [{ variable: 'label', value_selector: ['post', 'body'] }] };
    writeFileSync(join(folder, 'acting.yml'), dslText([start, post, end], ['start -> post', 'post -> end']));
    writeFileSync(join(folder, 'told.json'), '{"post": {"outputs": {"body": "spam"}}}');
    const args = ['eval', 'run', '--a', 'good.yml', '--b', 'acting.yml', '--samples', 'small@test'];
    const acts = 'variant B: node "Tell them" (post, http-request) acts outside for every sample';
    const acting = await riskflow(args, { data: await copyOf(template), folder });
    expect(acting.out.replaceAll(/\s+/g, ' ')).toContain(acts);
    const pinned = await riskflow([...args, '--pin', 'told.json'], { data: await copyOf(template), folder });
    expect(pinned.code).not.toBe(2);
    expect(pinned.out.replaceAll(/\s+/g, ' ')).not.toContain(acts);
  });
});
