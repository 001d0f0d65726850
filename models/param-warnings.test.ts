import { describe, expect, it } from 'vitest';
import { paramWarnings } from './param-warnings.ts';

describe('parameters that a model will not be told', () => {
  it.each([
    ['openai', { temperature: 0.2, top_k: 5 }, ['top_k is not a parameter of OpenAI-compatible endpoints; it is left out']],
    ['langgenius/tongyi/tongyi', { temperature: 'hot' }, ['temperature must be a number; it is left out']],
    ['openai', { temperature: 0.2, max_tokens: 10, stop: ['.'] }, []],
    ['openai', { temperature: '{{#start.heat#}}' }, []],
    ['riskflow/classifier', { top_k: 5 }, []],
    ['riskflow/riskflow/classifier', { top_k: 5 }, []],
  ])('of %s: %j', (provider, params, warnings) => {
    expect(paramWarnings({ provider, name: 'm' }, params)).toEqual(warnings);
  });
});
