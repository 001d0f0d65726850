import { describe, expect, it } from 'vitest';
import { RiskflowError } from '../schemas/core.ts';
import { printError } from './print-error.ts';

function print(error: unknown, { debug = false, env = {} }: { readonly debug?: boolean; readonly env?: Record<string, string> } = {}) {
  let text = '';
  const err = { isTty: false, columns: () => 80, write: (part: string) => void (text += part) };
  const code = printError({ err, env, folder: import.meta.dirname }, error, { debug });
  return { code, text };
}

describe('printError', () => {
  it('prints the sentence and how to mend it', () => {
    const error = new RiskflowError('usage', 'there is no column "x"', { hint: 'its columns are: a, b' });
    expect(print(error)).toEqual({ code: 2, text: 'riskflow: there is no column "x"\n  → its columns are: a, b\n' });
  });

  it('keeps a message with line breaks and colours in one line', () => {
    expect(print(new RiskflowError('busy', 'a\nb \u001b[31mc'))).toEqual({ code: 1, text: 'riskflow: a b [31mc\n' });
  });

  it('calls what nobody foresaw a bug, without its stack', () => {
    expect(print(new TypeError('x is undefined'))).toEqual({
      code: 1,
      text: 'riskflow: unexpected: x is undefined, this is a bug; run again with --debug\n',
    });
  });

  it('shows stack and cause with --debug', () => {
    const { text } = print(new RiskflowError('failed', 'no', { cause: new Error('the disk is full') }), { debug: true });
    expect(text).toContain('print-error.test.ts');
    expect(text).toContain('the disk is full');
  });

  it.each([false, true])('never shows keys and secrets (debug %s)', (debug) => {
    const env = { OPENAI_API_KEY: 'sk-very-secret', RISKFLOW_SECRET_TOKEN: 'sk-very', RISKFLOW_SECRET_PIN: '123', OTHER: 'shown-value' };
    const { text } = print(new RiskflowError('failed', 'the endpoint said: bad key sk-very-secret, sk-very, 123, shown-value'), {
      env,
      debug,
    });
    expect(text.split('\n')[0]).toBe('riskflow: the endpoint said: bad key ***, ***, 123, shown-value');
    expect(text).not.toContain('sk-very');
  });
});
