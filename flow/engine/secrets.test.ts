import { describe, expect, it } from 'vitest';
import { encodeValue, type Json, type Value } from '../../schemas/core.ts';
import { flowOf, startNode } from '../testing/dsl.ts';
import { behaviourJson, evaluateWithSecrets } from './secrets.ts';

const { plan } = flowOf(
  [
    startNode('text'),
    { id: 'tpl', type: 'template-transform', template: 'key={{ k }}', variables: [{ variable: 'k', value_selector: ['env', 'API'] }] },
    { id: 'ask', type: 'llm', model: { provider: 'openai', name: 'm', mode: 'chat' }, prompt_template: [{ role: 'user', text: 'hello' }] },
    { id: 'end', type: 'end', outputs: [{ variable: 'label', value_selector: ['tpl', 'output'] }] },
  ],
  ['start -> tpl', 'tpl -> ask', 'ask -> end'],
);

function behaviourOf(nodeId: string): Json {
  const node = plan.nodes.find(({ id }) => id === nodeId);
  if (node === undefined) throw new Error(`there is no node ${nodeId}`);
  return behaviourJson(node);
}

const secret = (): Value => ({ secret: 'API', version: '1' });
const evaluated = (node: Json) =>
  evaluateWithSecrets(
    { kind: 'evaluate', planVersion: 1, node, inputs: [[JSON.stringify(['env', 'API']), encodeValue(secret())]] },
    (ref) => `the value of ${ref.secret}`,
  );

describe('a node that reads a secret', () => {
  it('is evaluated with its value, from what crossed the process boundary', () => {
    const result = evaluated(behaviourOf('tpl'));
    expect(result.ok && result.outputs.get('output')).toBe('key=the value of API');
  });

  it.each<readonly [string, Json]>([
    ['no object', 'template-transform'],
    ['null', null],
    ['a kind that there is not', { kind: 'toString', config: {} }],
    ['no config', { kind: 'template-transform' }],
    ['a config that is no object', { kind: 'template-transform', config: 'x' }],
  ])('fails as an internal error when it is %s', (_name, node) => {
    expect(evaluated(node)).toEqual({ ok: false, error: { type: 'InternalError', message: 'the effect holds no behaviour of a node' } });
  });

  it('fails as an internal error when it is not inline', () => {
    expect(evaluated(behaviourOf('ask'))).toEqual({
      ok: false,
      error: { type: 'InternalError', message: 'only an inline node can be evaluated with secrets' },
    });
  });
});
