import { describe, expect, it } from 'vitest';
import { maskSecrets } from './mask-secrets.ts';

describe('maskSecrets', () => {
  it.each([
    ['a secret of a flow', { RISKFLOW_SECRET_A: 'hunter22' }, 'x hunter22', 'x ***'],
    ['the key of any provider', { DEEPSEEK_API_KEY: 'sk-abcdef' }, 'x sk-abcdef', 'x ***'],
    ['a secret of several lines, brought into one', { RISKFLOW_SECRET_A: 'line one\nline two\n' }, 'x line one line two y', 'x *** y'],
    ['another variable', { HOME: 'hunter22' }, 'x hunter22', 'x hunter22'],
    ['an unset variable', { OPENAI_API_KEY: undefined, RISKFLOW_SECRET_A: '' }, 'x', 'x'],
  ])('%s', (_, env, text, expected) => expect(maskSecrets(text, env)).toBe(expected));
});
