import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJsonl } from './read-jsonl.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-jsonl-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('readJsonl', () => {
  it('gives objects and the errors of lines with their line numbers', async () => {
    const path = join(folder, 'rows.jsonl');
    writeFileSync(
      path,
      Buffer.concat([Buffer.from('\ufeff{"a":1}\r\n\n{"a":\n[]\n{"a":"'), Buffer.of(0xff), Buffer.from('"}\n{"b":"中"}')]),
    );
    const table = readJsonl(path);
    expect(table.columns).toBeNull();
    expect(await Array.fromAsync(table.rows)).toEqual([
      { ok: true, line: 1, fields: new Map([['a', 1]]) },
      { ok: false, line: 3, message: 'it is not valid JSON: the text ends too early (column 6)' },
      { ok: false, line: 4, message: 'a JSON object was expected' },
      { ok: false, line: 5, message: 'it is not valid UTF-8' },
      { ok: true, line: 6, fields: new Map([['b', '中']]) },
    ]);
  });

  it('reads the last line although it has no line end, and says when it is cut off', async () => {
    const path = join(folder, 'torn.jsonl');
    writeFileSync(path, '{"a":1}\n{"a":2');
    const rows = await Array.fromAsync(readJsonl(path).rows);
    expect(rows[1]).toEqual({ ok: false, line: 2, message: 'it is not valid JSON: "," or "}" was expected (column 7)' });
  });

  it('throws what the file system throws', async () => {
    await expect(Array.fromAsync(readJsonl(join(folder, 'none')).rows)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
