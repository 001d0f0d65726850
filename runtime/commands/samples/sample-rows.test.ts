import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { messageOf } from '../../../schemas/index.ts';
import { readSamples, type ColumnMap } from './sample-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'riskflow-rows-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function read(name: string, content: string, map: ColumnMap = {}) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return readSamples(path, map);
}
const fieldsOf = async (content: string, map: ColumnMap) =>
  JSON.parse((await read('x.csv', content, map)).rows[0]?.fields ?? '{}') as unknown;
const complaint = async (name: string, content: string, map: ColumnMap = {}): Promise<string> =>
  read(name, content, map).then(
    ({ rejected }) => rejected.map(({ line, message }) => `${line}: ${message}`).join('; '),
    (error: unknown) => messageOf(error),
  );

describe('which column is which field', () => {
  it('--text wins over a column that is called text, wherever it stands', async () => {
    expect(await fieldsOf('id,label,message,text\n1,a,MSG,TXT\n', { text: 'message' })).toEqual({ text: 'MSG' });
    expect(await fieldsOf('id,label,text,message\n1,a,TXT,MSG\n', { text: 'message' })).toEqual({ text: 'MSG' });
  });
  it('one column may fill several fields', async () => {
    expect(await fieldsOf('id,label,text\n1,a,T\n', { fields: { a: 'text', b: 'text', text: 'text' } })).toEqual({
      a: 'T',
      b: 'T',
      text: 'T',
    });
  });
  it('the label never becomes a field', async () => {
    expect(await fieldsOf('id,label,text\n1,a,T\n', {})).toEqual({ text: 'T' });
    expect(await complaint('l.csv', 'id,label,text\n1,a,T\n', { fields: { leak: 'label' } })).toMatch(/never reaches a flow/);
    expect(await complaint('l.csv', 'id,label,text\n1,a,T\n', { text: 'label' })).toMatch(/never reaches a flow/);
  });
});

describe('rows that cannot be imported', () => {
  it.each<readonly [string, string, string, RegExp]>([
    ['an infinite id', 'i.jsonl', '{"id":1e400,"label":"a","text":"t"}', /^1: its id .* neither text nor a number/],
    ['an object as id', 'o.jsonl', '{"id":{"a":1},"label":"a","text":"t"}', /^1: its id .* neither text nor a number/],
    ['no field at all', 'n.jsonl', '{"id":"1","label":"a"}', /^1: it has no field beside its id and label/],
    [
      'no text, where others have one',
      't.jsonl',
      '{"id":"1","label":"a","text":"t"}\n{"id":"2","label":"a","other":"x"}',
      /^2: it has no field "text"/,
    ],
    ['an id twice', 'd.csv', 'id,label,text\n1,a,x\n1,a,y\n', /^3: its id "1" is that of line 2/],
    ['an empty label', 'e.csv', 'id,label,text\n1,,x\n', /^2: its label/],
    ['semicolons', 's.csv', 'id;label;text\n1;a;x\n', /has no column "label" \(--label\): its columns seem to be separated by ";"$/],
    ['tabs', 's.csv', 'id\tlabel\ttext\n1\ta\tx\n', /has no column "label" \(--label\): its columns seem to be separated by tabs$/],
    [
      'a long id',
      'l.csv',
      `id,label,text\n1,a,x\n${'i'.repeat(256)},a,y\n`,
      /^3: its id \(column "id"\) is 256 characters long, and at most 255/,
    ],
    ['an id that ends in half a character', 'h.jsonl', '{"id":"1\\ud83d","label":"a","text":"t"}', /^1: its id \(column "id"\) holds half/],
  ])('%s', async (_, name, content, expected) => expect(await complaint(name, content)).toMatch(expected));
});
