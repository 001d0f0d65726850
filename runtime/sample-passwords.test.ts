import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isSamplePassword } from './sample-passwords.ts';
import { readSettings } from './settings.ts';

const example = readFileSync(new URL('../.env.example', import.meta.url), 'utf8');
const samples = [...example.matchAll(/^(\w*PASSWORD)=(.*)$/gm)].map(([, name = '', value = '']) => ({ name, value }));

describe('sample passwords', () => {
  it('are all that stand in .env.example', () => {
    expect(samples.map(({ name }) => name)).toContain('RISKFLOW_MYSQL_PASSWORD');
    expect(samples.filter(({ value }) => !isSamplePassword(value))).toEqual([]);
  });

  it.each(['', 'a-change-me', 'Yc3-generated_one'])('%j is none', (password) => {
    expect(isSamplePassword(password)).toBe(false);
  });

  it.each([
    ['in the address', (value: string) => ({ RISKFLOW_MYSQL_URL: `mysql://riskflow:${value}@db:3306/riskflow` })],
    ['beside it', (value: string) => ({ RISKFLOW_MYSQL_URL: 'mysql://riskflow@db:3306/riskflow', RISKFLOW_MYSQL_PASSWORD: value })],
  ])('are refused at start, %s, with the remedy', (_, environment) => {
    const read = (): unknown => readSettings(environment(samples[0]?.value ?? ''), import.meta.dirname);
    expect(read).toThrow('the password for MySQL is a sample value of .env.example, which everybody knows');
    expect(read).toThrow(expect.objectContaining({ code: 'usage', hint: expect.stringContaining('npm run stack -- env') as string }));
    expect(() => readSettings(environment('generated'), import.meta.dirname)).not.toThrow();
  });
});
