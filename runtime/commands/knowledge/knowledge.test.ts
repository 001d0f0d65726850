import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openApp, type App } from '../../open-app.ts';
import { readSettings } from '../../settings.ts';
import { importKnowledge, listKnowledge, searchKnowledge, type ImportKnowledgeRequest } from './knowledge.ts';

let folder: string;
let app: App;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-knowledge-'));
  app = await openApp(readSettings({ RISKFLOW_DATA: join(folder, 'data') }, folder), { actor: 'test' });
});
afterEach(async () => {
  await app.close();
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const load = (...paths: readonly string[]): ReturnType<typeof importKnowledge> => loadWith({}, ...paths);
const loadWith = (more: Partial<ImportKnowledgeRequest>, ...paths: readonly string[]): ReturnType<typeof importKnowledge> =>
  importKnowledge(app.context, { dataset: 'rules', paths, folder, ...more });
const find = async (query: string): Promise<readonly string[]> =>
  (await searchKnowledge(app.context, { dataset: 'rules', query, topK: 5 })).map(({ document, content }) => `${document.name}: ${content}`);

describe('a dataset', () => {
  it('takes files, folders and lines, and is found by its words', async () => {
    mkdirSync(join(folder, 'more/deep'), { recursive: true });
    write('a.txt', 'Spam is banned.');
    write('more/deep/b.csv', 'word,action\ngambling,ban\n');
    write('more/.hidden', 'secret');
    mkdirSync(join(folder, 'more/.git'));
    write('more/.git/config.txt', 'secret');
    write(
      'c.jsonl',
      '{"id": 7, "text": "赌博会被封禁"}\n\n{"name": "refunds", "content": "Refunds take 30 days", "metadata": {"area": "payments"}}\n',
    );
    expect(await load('a.txt', 'more', 'c.jsonl')).toMatchObject({
      documents: 4,
      passages: 4,
      added: 4,
      replaced: 0,
      isNew: true,
      rejected: [],
    });
    expect(await find('spam')).toEqual(['a.txt: Spam is banned.']);
    expect(await find('gambling')).toEqual(['deep/b.csv: | word | action |\n| ---- | ------ |\n| gambling | ban |']);
    expect(await find('封禁')).toEqual(['7: 赌博会被封禁']);
    expect(await find('secret')).toEqual([]);
    const [refund] = await searchKnowledge(app.context, { dataset: 'rules', query: 'refund', topK: 1 });
    expect(refund?.document).toMatchObject({ name: 'refunds', metadata: { source: 'c.jsonl', area: 'payments' } });
  });

  it('replaces documents of a name, keeps the others, and writes nothing when nothing changed', async () => {
    write('a.txt', 'old words');
    write('b.txt', 'other words');
    const first = await load('a.txt', 'b.txt');
    const again = await load('b.txt', 'a.txt');
    expect(again).toMatchObject({ version: first.version, isNew: false, unchanged: 2 });
    write('a.txt', 'new words');
    expect(await load('a.txt')).toMatchObject({ documents: 2, replaced: 1, added: 0, isNew: true });
    expect(await find('words')).toEqual(['a.txt: new words', 'b.txt: other words']);
    expect(await loadWith({ replace: true }, 'b.txt')).toMatchObject({ documents: 1, isNew: true });
    expect(await find('words')).toEqual(['b.txt: other words']);
    const [row] = await listKnowledge(app.context);
    expect(row).toMatchObject({ dataset: 'rules', documents: 1, passages: 1 });
    expect(await listKnowledge({ ...app.context, workspaceId: 'other' })).toEqual([]);
  });

  it('is not touched by documents that cannot be read, unless the rest is wished', async () => {
    write('a.txt', 'fine');
    write('b.doc', 'old');
    write('c.jsonl', '{"text": "ok"}\n{"no": 1}\n{"text"');
    write('empty.txt', ' ');
    await expect(load('a.txt', 'b.doc')).rejects.toMatchObject({
      code: 'invalid_file',
      message: expect.stringContaining('b.doc') as string,
    });
    expect(await listKnowledge(app.context)).toEqual([]);
    const imported = await loadWith({ keepValid: true }, 'a.txt', 'b.doc', 'c.jsonl', 'empty.txt');
    expect(imported).toMatchObject({ documents: 2 });
    expect(imported.rejected.map(({ message }) => message)).toEqual([
      'the file "b.doc" cannot be read: files of the type .doc are not supported: save it as .docx or PDF',
      'line 2 of "c.jsonl" is no document: it is no object with a "text"',
      'line 3 of "c.jsonl" is no document: ":" was expected after a key',
      'the file "empty.txt" has no text in it',
    ]);
  });

  it.each<readonly [string, Partial<ImportKnowledgeRequest>, string]>([
    ['a name that is none', { dataset: '../x' }, 'cannot be the name of a dataset'],
    ['a file that is not there', { paths: ['gone.txt'] }, 'gone.txt cannot be read'],
    ['passages that are too short', { chunkSize: 49 }, 'passages of 49 characters are too short to be found'],
    ['an overlap that is too much', { chunkSize: 100, overlap: 50 }, 'an overlap of 50 is too much for passages of 100 characters'],
  ])('is not made for %s', async (_, more, message) => {
    write('a.txt', 'x');
    await expect(loadWith(more, 'a.txt')).rejects.toThrow(message);
  });

  it('loses no document when two imports meet', async () => {
    for (const name of ['a', 'b', 'c', 'd']) write(`${name}.txt`, `words of ${name}`);
    const settled = await Promise.allSettled(['a.txt', 'b.txt', 'c.txt', 'd.txt'].map((name) => load(name)));
    const done = settled.filter(({ status }) => status === 'fulfilled').length;
    expect(done).toBeGreaterThan(0);
    for (const result of settled) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'conflict' });
    expect(await find('words')).toHaveLength(done);
  });

  it('is found by its name and its id, and one that is not there is a failure that says what there is', async () => {
    write('a.txt', 'spam');
    const { id } = await load('a.txt');
    const ask = (...datasets: readonly string[]): ReturnType<typeof app.context.knowledge.retrieve> =>
      app.context.knowledge.retrieve({
        workspaceId: app.context.workspaceId,
        datasets,
        query: 'spam',
        topK: 3,
        scoreThreshold: null,
        mode: 'keyword',
        weights: null,
        filter: null,
        signal: new AbortController().signal,
      });
    // The same dataset twice gives its passages once.
    const found = await ask(id, 'rules');
    expect(found.ok && found.passages.map(({ segmentId }) => segmentId)).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect(await ask('gone')).toMatchObject({
      ok: false,
      type: 'DatasetNotFoundError',
      message: expect.stringContaining('(there are "rules")') as string,
    });
    await expect(searchKnowledge(app.context, { dataset: 'gone', query: 'x', topK: 1 })).rejects.toMatchObject({ code: 'not_found' });
  });
});
