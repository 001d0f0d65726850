import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { RiskflowError } from '../../schemas/index.ts';
import { parseTemporalKeys } from './codec-keys.ts';

const A = Buffer.alloc(32, 1).toString('base64');
const B = Buffer.alloc(32, 2).toString('base64url');

const fault = (text: string): RiskflowError => {
  try {
    parseTemporalKeys(text);
  } catch (error) {
    if (error instanceof RiskflowError) return error;
  }
  throw new Error('it was accepted');
};

describe('RISKFLOW_TEMPORAL_KEYS', () => {
  it.each([undefined, '', '  '])('%o sets none', (text) => expect(parseTemporalKeys(text)).toEqual([]));

  it('names keys in order, in both alphabets of base64', () => {
    const keys = parseTemporalKeys(` 2026-11:${A} , old.key_1:${B}`);
    expect(keys.map(({ id, key }) => [id, key.export().toString('hex')])).toEqual([
      ['2026-11', '01'.repeat(32)],
      ['old.key_1', '02'.repeat(32)],
    ]);
  });

  it.each([
    [A, 'has no key id of letters, digits, ".", "_" and "-" in entry 1'],
    [`:${A}`, 'has no key id of letters, digits, ".", "_" and "-" in entry 1'],
    [`a:${A},`, 'has no key id of letters, digits, ".", "_" and "-" in entry 2'],
    [`a b:${A}`, 'has no key id of letters, digits, ".", "_" and "-" in entry 1'],
    ['a:hunter22 hunter22', 'has a key "a" that is not base64'],
    ['a:', 'has a key "a" that is not base64'],
    [`a:${randomBytes(16).toString('base64')}`, 'has a key "a" of 16 bytes instead of 32'],
    [`a:${A},a:${B}`, 'names the key id "a" twice'],
  ])('%s is refused', (text, told) => expect(fault(text)).toMatchObject({ code: 'usage', message: `RISKFLOW_TEMPORAL_KEYS ${told}` }));

  it('says how to make a key, and never repeats one', () => {
    const error = fault(`a:${A.slice(0, 30)},b:${B}`);
    expect(error.hint).toContain('openssl rand -base64 32');
    expect(`${error.message} ${error.hint}`).not.toContain(A.slice(0, 20));
  });

  it('shows no key when it is printed', () => {
    const keys = parseTemporalKeys(`a:${A}`);
    expect(JSON.stringify(keys)).toBe('[{"id":"a","key":{}}]');
  });
});
