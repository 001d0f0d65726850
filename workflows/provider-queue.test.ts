import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { providerQueue } from './provider-queue.ts';

describe('the task queue of a provider', () => {
  it.each([
    ['openai', 'riskflow.openai'],
    ['openai_api_compatible', 'riskflow.openai_api_compatible'],
    ['acme/models/chat', 'riskflow.acme~2fmodels~2fchat'],
    ['a b:c', 'riskflow.a~20b~3ac'],
    ['模型', 'riskflow.~6a21~578b'],
  ])('of %s is %s', (provider, queue) => {
    expect(providerQueue('riskflow', provider)).toBe(queue);
  });

  it('has safe characters only, and another name for every provider of lower-case letters and signs', () => {
    const provider = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '-', '_', ' ', '~', 'é'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(provider, provider, (a, b) => {
        expect(providerQueue('q', a)).toMatch(/^q\.[\w.~-]+$/);
        expect(providerQueue('q', a) === providerQueue('q', b)).toBe(a === b);
      }),
    );
  });
});
