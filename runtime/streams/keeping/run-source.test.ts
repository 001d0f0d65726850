import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isObject, type Value } from '../../../schemas/index.ts';
import type { App } from '../../open-app.ts';
import { listDeadLetters } from '../../commands/sources/dead-letters.ts';
import { listDecisions, type Decision } from '../../commands/decisions/decisions.ts';
import { publishFlowFile } from '../../commands/flows.ts';
import { readRun } from '../../commands/runs/run-reads.ts';
import { chatFlow, llmFlow, openRig, rulesFlow, startRigModel, type RigModel, createFileSource, type FileSource } from '../source-rig.ts';
import { sourceStatus } from '../../commands/sources/source-status.ts';
import { runSource } from './run-source.ts';

let folder: string;
let app: App;
let model: RigModel;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-source-'));
  model = await startRigModel();
  app = await openRig(join(folder, 'data'), model.environment);
});
afterEach(async () => {
  await app.close();
  await model.close();
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);
function write(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content);
  return at(name);
}
const ndjson = (...records: readonly object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');

/** A source "s" over records.ndjson with the rules flow. */
async function create(content: string | Uint8Array, extra: Partial<FileSource> = {}): Promise<void> {
  const path = write('records.ndjson', content);
  await createFileSource(app.context, { sourceId: 's', path, flow: write('rules.yml', rulesFlow()), ...extra });
}

/** Decisions in the order of their records: those of different subjects may be made in any. */
const decisionsInOrder = async (): Promise<readonly Decision[]> =>
  [...(await listDecisions(app.context, { limit: 2000 }))].sort((a, b) => (a.arrival ?? 0) - (b.arrival ?? 0));
const outputs = (decision: Decision): Readonly<Record<string, Value>> =>
  isObject(decision.outputs) ? Object.fromEntries(decision.outputs) : {};
const labels = async (): Promise<readonly string[]> => (await decisionsInOrder()).map((decision) => decision.label ?? '');
/** The status of the source, with that of its only partition. */
const status = async () => {
  const [found] = await sourceStatus(app.context, 's');
  const [{ nextOffset: offset, end: size, lag, incarnation } = NOWHERE] = found?.partitions ?? [];
  return { ...found, offset, size, lag, incarnation };
};
const NOWHERE = { nextOffset: -1, end: null, lag: null, incarnation: 0 };

describe('a source', () => {
  it('decides every record of a file once, and nothing again', async () => {
    await create(ndjson({ text: 'an offer', score: 2 }, { text: 'hello', score: 2.5 }, { text: 'no score' }));
    const progress: string[] = [];
    const first = await runSource(app.context, 's', {
      onProgress: ({ label, done, total }) => progress.push(`${label} ${done}/${total}`),
    });
    expect(first).toMatchObject({
      sourceId: 's',
      flow: 'rules',
      records: 3,
      deadLetters: 0,
      decided: 3,
      failed: 0,
      superseded: 0,
      notes: [],
    });
    expect(progress).toEqual([
      'read s 0/79',
      'read s 79/79',
      'read s 79/79',
      'decide s 1/3',
      'decide s 2/3',
      'decide s 3/3',
      'decide s 3/3',
    ]);
    const decisions = await decisionsInOrder();
    expect(decisions.map(({ mode, replay, status: how, recordKey, error }) => [mode, replay, how, recordKey, error])).toEqual(
      Array.from({ length: 3 }, () => ['live', 0, 'succeeded', null, null]),
    );
    expect(decisions.map(outputs)).toEqual([
      { label: 'spam', score: 2 },
      { label: 'ham', score: 2.5 },
      { label: 'ham', score: null },
    ]);
    expect(await runSource(app.context, 's')).toMatchObject({ records: 0, decided: 0 });
    expect(await decisionsInOrder()).toEqual(decisions);
    expect(await status()).toMatchObject({
      offset: 79,
      size: 79,
      lag: 0,
      pending: 0,
      decided: 3,
      failed: 0,
      superseded: 0,
      deadLetters: 0,
      heldBy: [],
    });
  });

  it('records each run with its record as the origin, and the decision with the end of the run', async () => {
    await create(ndjson({ text: 'an offer' }));
    await runSource(app.context, 's');
    const [decision] = await listDecisions(app.context);
    const events = await readRun(app.context, decision?.runId ?? '');
    expect(events[0]).toMatchObject({
      type: 'RunStarted',
      data: { mode: 'live', origin: { kind: 'record', sourceId: 's', recordId: decision?.recordId } },
    });
    expect(events.at(-1)).toMatchObject({ type: 'RunFinished', data: { status: 'succeeded', outputs: { label: 'spam' } } });
    expect(await app.context.storage.events.runStatus('default', decision?.runId ?? '')).toMatchObject({
      status: 'succeeded',
      resource: expect.stringMatching(/^source\/s\/part\/\d$/) as string,
    });
  });

  it('decides only what is new when the file grows', async () => {
    await create(ndjson({ text: 'one' }) + '{"text":"two of');
    expect(await runSource(app.context, 's')).toMatchObject({
      records: 1,
      notes: [`the last 15 bytes of ${at('records.ndjson')} are a record without an end: they are read once it is finished`],
    });
    expect(await status()).toMatchObject({ offset: 15, lag: 15 });
    appendFileSync(at('records.ndjson'), 'fer"}\n{"text":"three, and no line end"}');
    expect(await runSource(app.context, 's')).toMatchObject({ records: 2, decided: 2, notes: [] });
    appendFileSync(at('records.ndjson'), `\n${ndjson({ text: 'four' })}`);
    expect(await runSource(app.context, 's')).toMatchObject({ records: 1, decided: 1, deadLetters: 0 });
    expect(await labels()).toEqual(['ham', 'spam', 'ham', 'ham']);
  });

  it('keeps what it cannot decode or use as dead letters, with bytes and reason, and goes on behind them', async () => {
    const bad = Buffer.concat([Buffer.from('{"text":"'), Buffer.of(0xff), Buffer.from('\u001b[31m"}\n')]);
    await create(
      Buffer.concat([
        Buffer.from(`${ndjson({ text: 'one' })}\n   \n{"text":\n`),
        bad,
        Buffer.from(
          `["text"]\n${ndjson({ body: 'no text' }, { text: 7 }, { text: '' }, { text: 'x'.repeat(300), score: 'many' }, { text: 'last' })}`,
        ),
      ]),
    );
    expect(await runSource(app.context, 's')).toMatchObject({ records: 2, decided: 2, deadLetters: 7 });
    const letters = await listDeadLetters(app.context, { sourceId: 's' });
    expect(letters.map(({ offset, reason }) => [offset, reason])).toEqual([
      [20, 'it is not valid JSON: the text ends too early (column 9)'],
      [29, 'it is not valid UTF-8'],
      [47, 'a JSON object was expected'],
      [56, 'it does not fit flow "rules": input "text" is required'],
      [75, 'it does not fit flow "rules": input "text" must be text, not integer'],
      [86, 'it does not fit flow "rules": input "text" is required and must not be empty'],
      [98, 'it does not fit flow "rules": input "score" must be a number, not the text "many"'],
    ]);
    expect(letters[1]).toMatchObject({
      sourceId: 's',
      incarnation: 1,
      topic: 'records.ndjson',
      text: '{"text":"\ufffd\\u001b[31m"}',
      bytes: 17,
    });
    expect(letters[6]?.text).toBe(`{"text":"${'x'.repeat(191)}…`);
    expect((await app.context.storage.inbox.deadLetters('default', { limit: 9 }))[1]?.bytes).toEqual(Uint8Array.from(bad.subarray(0, -1)));
    expect(await runSource(app.context, 's')).toMatchObject({ records: 0, deadLetters: 0 });
    expect(await listDeadLetters(app.context, { after: letters[4]?.id ?? 0, limit: 1 })).toEqual([letters[5]]);
  });

  it('maps fields to inputs, and a field to the query of a chat flow', async () => {
    await create(ndjson({ body: 'an offer', points: '3' }), { inputMap: { text: 'body', score: 'points' } });
    await runSource(app.context, 's');
    expect((await listDecisions(app.context)).map(outputs)).toEqual([{ label: 'spam', score: 3 }]);

    const path = write('chat.ndjson', ndjson({ text: 'hi', q: 'ho' }, { q: 'ho' }, { text: 'hi' }));
    const flow = write('chat.yml', chatFlow());
    await createFileSource(app.context, { sourceId: 'by-default', path, flow });
    await createFileSource(app.context, { sourceId: 'by-name', path, flow, queryField: 'q' });
    expect(await runSource(app.context, 'by-default')).toMatchObject({ decided: 2, deadLetters: 1 });
    expect(await runSource(app.context, 'by-name')).toMatchObject({ decided: 2, deadLetters: 1 });
    const answers = async (sourceId: string) =>
      (await listDecisions(app.context, { sourceId })).map((decision) => outputs(decision)['answer']);
    expect(await answers('by-default')).toEqual(['you said hi', 'you said hi']);
    expect(await answers('by-name')).toEqual(['you said ho', 'you said ho']);
    expect((await listDeadLetters(app.context)).map((letter) => letter.reason)).toEqual([
      'it has no text in the field "text", which is the query of flow "chat"',
      'it has no text in the field "q", which is the query of flow "chat"',
    ]);
  });

  it('reads a replaced or cut file from its beginning as the next incarnation, and says so', async () => {
    await create(ndjson({ text: 'one' }, { text: 'two' }));
    await runSource(app.context, 's');
    writeFileSync(at('records.ndjson'), ndjson({ text: 'an offer' }));
    expect(await status()).toMatchObject({ lag: 20 });
    const again = await runSource(app.context, 's');
    const reason =
      'records.ndjson/0 ends at 20, but was read to 30 before: it was replaced or cut, and is read from its beginning as incarnation 2';
    expect(again).toMatchObject({ records: 1, decided: 1, notes: [reason] });
    const events = await app.context.storage.events.readStream('default', 'source/s');
    expect(events.filter((event) => event.type === 'SourceIncarnationRaised').map((event) => event.data)).toEqual([
      { sourceId: 's', incarnation: 2, reason, topic: 'records.ndjson', partition: 0 },
    ]);
    expect(await labels()).toEqual(['ham', 'ham', 'spam']);

    truncateSync(at('records.ndjson'), 0);
    expect(await runSource(app.context, 's')).toMatchObject({ records: 0, decided: 0, notes: [expect.stringContaining('incarnation 3')] });
    expect(await runSource(app.context, 's')).toMatchObject({ notes: [] });
    expect(await status()).toMatchObject({ incarnation: 3, offset: 0, lag: 0 });
  });

  it('announces an incarnation once, also when it was interrupted before it had read anything of it', async () => {
    await create(ndjson({ text: 'one' }, { text: 'two' }));
    await runSource(app.context, 's');
    writeFileSync(at('records.ndjson'), ndjson({ text: 'an offer' }));
    await expect(runSource(app.context, 's', { signal: AbortSignal.abort(new Error('interrupted')) })).rejects.toThrow('interrupted');
    expect(await status()).toMatchObject({ incarnation: 1, offset: 30 });
    for (const decided of [1, 0]) expect(await runSource(app.context, 's')).toMatchObject({ decided });
    expect(await status()).toMatchObject({ incarnation: 2, offset: 20 });
    const events = await app.context.storage.events.readStream('default', 'source/s');
    expect(events.filter((event) => event.type === 'SourceIncarnationRaised')).toHaveLength(1);
  });

  it('takes more records than a batch holds, in few seconds', async () => {
    await create(ndjson(...Array.from({ length: 1200 }, (_, i) => ({ text: i % 3 === 0 ? `offer ${i}` : `text ${i}` }))));
    const run = await runSource(app.context, 's');
    expect(run).toMatchObject({ records: 1200, decided: 1200 });
    expect(run.elapsedMs).toBeLessThan(10_000);
    const found = (await listDecisions(app.context, { limit: 2000 })).map((decision) => decision.label);
    expect(found.filter((label) => label === 'spam')).toHaveLength(400);
  });

  it('makes a run that fails the decision of its record', async () => {
    const path = write('asked.ndjson', ndjson({ text: 'one' }, { text: 'refuse me' }, { text: 'three' }));
    await createFileSource(app.context, { sourceId: 's', path, flow: write('asking.yml', llmFlow()) });
    expect(await runSource(app.context, 's')).toMatchObject({ decided: 2, failed: 1 });
    const decisions = (await listDecisions(app.context)).map(({ status: how, label, outputs: values, error }) => [
      how,
      label,
      values === null,
      error,
    ]);
    expect(decisions).toHaveLength(3);
    expect(decisions).toContainEqual(['failed', null, true, expect.stringContaining('400')]);
    expect(decisions).toContainEqual(['succeeded', 'SECOND ONE', false, null]);
    expect(await status()).toMatchObject({ decided: 2, failed: 1, pending: 0 });
    expect(await runSource(app.context, 's')).toMatchObject({ decided: 0, failed: 0 });
  });

  it('uses the latest version of a flow at each start, or the one it was pinned to', async () => {
    const first = await publishFlowFile(app.context, write('rules.yml', rulesFlow()));
    const path = write('records.ndjson', ndjson({ text: 'one' }));
    await createFileSource(app.context, { sourceId: 'latest', path, flow: 'rules' });
    await createFileSource(app.context, { sourceId: 'pinned', path, flow: `rules:${first.version.slice(0, 8)}` });
    const second = await publishFlowFile(app.context, write('rules.yml', rulesFlow({ other: 'fine' })));
    expect(await runSource(app.context, 'latest')).toMatchObject({ flowVersion: second.version });
    expect(await runSource(app.context, 'pinned')).toMatchObject({ flowVersion: first.version });
    expect(await labels()).toEqual(['fine', 'ham']);
  });
});

describe('records with equal keys', () => {
  const records = ndjson(
    { id: 'a', text: 'a1' },
    { id: 1, text: 'b1' },
    { id: 'a', text: 'an offer: a2' },
    { text: 'no key' },
    { id: 'a', text: 'a3' },
    { text: 'no key' },
  );
  const decided = async () =>
    (await listDecisions(app.context)).map(({ recordKey, label }) => `${recordKey ?? '-'} ${label ?? ''}`).toSorted();

  it('are all decided by default', async () => {
    await create(records, { keyField: 'id' });
    expect(await runSource(app.context, 's')).toMatchObject({ records: 6, decided: 6, superseded: 0 });
    expect(await decided()).toEqual(['- ham', '- ham', '1 ham', 'a ham', 'a ham', 'a spam']);
  });

  it('keep: the first one stands, also against those of a later start', async () => {
    await create(records, { keyField: 'id', onDuplicateKey: 'keep' });
    expect(await runSource(app.context, 's')).toMatchObject({ decided: 4, superseded: 2 });
    appendFileSync(
      at('records.ndjson'),
      ndjson({ id: 'a', text: 'an offer' }, { id: '1', text: 'an offer' }, { id: 'c', text: 'an offer' }),
    );
    expect(await runSource(app.context, 's')).toMatchObject({ decided: 1, superseded: 2 });
    expect(await decided()).toEqual(['- ham', '- ham', '1 ham', 'a ham', 'c spam']);
    expect(await status()).toMatchObject({ decided: 5, superseded: 4, pending: 0 });
  });

  it('replace: the last one stands among those that are not decided', async () => {
    await create(records, { keyField: 'id', onDuplicateKey: 'replace' });
    expect(await runSource(app.context, 's')).toMatchObject({ decided: 4, superseded: 2 });
    expect(await decided()).toEqual(['- ham', '- ham', '1 ham', 'a ham']);
    appendFileSync(at('records.ndjson'), ndjson({ id: 'a', text: 'an offer' }));
    expect(await runSource(app.context, 's')).toMatchObject({ decided: 1, superseded: 0 });
    expect(await decided()).toEqual(['- ham', '- ham', '1 ham', 'a ham', 'a spam']);
  });

  it('replace: a run that was begun for a record is stopped when another one stands in for it', async () => {
    const path = write('asked.ndjson', ndjson({ id: 'a', text: 'one' }));
    await createFileSource(app.context, {
      sourceId: 's',
      path,
      flow: write('asking.yml', llmFlow()),
      keyField: 'id',
      onDuplicateKey: 'replace',
    });
    const user = new AbortController();
    model.hold();
    const interrupted = runSource(app.context, 's', { signal: user.signal });
    await model.came(1);
    user.abort(new Error('interrupted'));
    await expect(interrupted).rejects.toThrow('interrupted');
    model.release();
    const [begun] = await app.context.storage.events.unfinishedRuns('default', { mode: 'live' });

    appendFileSync(path, ndjson({ id: 'a', text: 'two' }));
    expect(await runSource(app.context, 's')).toMatchObject({ decided: 1, superseded: 1 });
    expect(await labels()).toEqual(['SECOND TWO']);
    expect(await app.context.storage.events.unfinishedRuns('default')).toEqual([]);
    const events = await readRun(app.context, begun?.runId ?? '');
    expect(events.map((event) => event.type)).toEqual(['RunStarted', 'RunStopRequested', 'RunFinished']);
    expect(model.calls.get('first one')).toBe(1);
  });

  it('a key that is neither text nor a number is a dead letter', async () => {
    await create(ndjson({ id: ['a'], text: 'a1' }), { keyField: 'id' });
    expect(await runSource(app.context, 's')).toMatchObject({ records: 0, deadLetters: 1 });
    expect((await listDeadLetters(app.context))[0]?.reason).toBe('its key (field "id") must be text or a number, not a list');
  });
});

describe('creating a source', () => {
  it('again with the same settings writes nothing', async () => {
    const request = {
      sourceId: 's',
      path: write('r.ndjson', ''),
      flow: write('rules.yml', rulesFlow()),
      keyField: 'id',
      inputMap: { text: 'b', score: 's' },
    };
    expect(await createFileSource(app.context, request)).toMatchObject({
      isNew: true,
      settings: { connector: { kind: 'file', path: at('r.ndjson') }, onDuplicateKey: 'process' },
    });
    const head = await app.context.storage.events.head('default', 'ledger');
    expect(await createFileSource(app.context, { ...request, inputMap: { score: 's', text: 'b' } })).toMatchObject({ isNew: false });
    expect(await app.context.storage.events.head('default', 'ledger')).toBe(head);
  });

  it('with other settings is an error that names them', async () => {
    await create('');
    await expect(
      createFileSource(app.context, { sourceId: 's', path: at('rules.yml'), flow: 'rules', keyField: 'id' }),
    ).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(
        /^source "s" is there already with other settings: connector\.path is .*records\.ndjson, not .*rules\.yml; flow is rules:[0-9a-f]{12}, not rules; record\.key is not set, not id$/,
      ) as string,
    });
  });

  it('says what is wrong, and writes nothing', async () => {
    const path = write('r.ndjson', '');
    const flow = write('rules.yml', rulesFlow());
    const wrong: readonly [Partial<FileSource>, string, string][] = [
      [
        { path: at('none.ndjson') },
        'usage',
        `source "s" cannot be created: connector.path: the source file ${at('none.ndjson')} cannot be read: there is no such file`,
      ],
      [
        { path: folder },
        'usage',
        `source "s" cannot be created: connector.path: the source file ${folder} cannot be read: it is not a file`,
      ],
      [{ flow: 'nothing' }, 'usage', 'source "s" cannot be created: flow: "nothing" is neither a flow file nor a published flow'],
      [
        { sourceId: 'a b' },
        'usage',
        'source "a b" cannot be created: name: "a b" cannot be the name of a source: it must begin with a letter or digit and hold letters, digits, "_", "-" and "." only, at most 100',
      ],
      [
        { onDuplicateKey: 'keep' },
        'usage',
        'source "s" cannot be created: onDuplicateKey: the rule for equal keys is keep, but nothing is named as the key',
      ],
    ];
    const head = await app.context.storage.events.head('default', 'ledger');
    for (const [change, code, message] of wrong) {
      await expect(createFileSource(app.context, { sourceId: 's', path, flow, ...change })).rejects.toMatchObject({ code, message });
    }
    expect(await app.context.storage.events.head('default', 'ledger')).toBe(head);
    await expect(createFileSource(app.context, { sourceId: 's', path, flow, inputMap: { txt: 'body' } })).rejects.toMatchObject({
      code: 'usage',
      message: 'source "s" cannot be created: record.inputs.txt: flow "rules" has no input "txt"',
      hint: 'its inputs are: text, score',
    });
    expect(await sourceStatus(app.context)).toEqual([]);
  });

  it('an unknown source is an error wherever it is named', async () => {
    await create('');
    const expected = { code: 'not_found', message: 'there is no source "t"', hint: 'there are: s' };
    await expect(runSource(app.context, 't')).rejects.toMatchObject(expected);
    await expect(sourceStatus(app.context, 't')).rejects.toMatchObject(expected);
    await expect(listDecisions(app.context, { sourceId: 't' })).rejects.toMatchObject(expected);
    await expect(listDeadLetters(app.context, { sourceId: 't' })).rejects.toMatchObject(expected);
  });
});

describe('starting a source', () => {
  it('whose file is gone is an error; with the file back it goes on', async () => {
    await create(ndjson({ text: 'one' }));
    renameSync(at('records.ndjson'), at('elsewhere'));
    await expect(runSource(app.context, 's')).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('there is no such file') as string,
    });
    expect(await status()).toMatchObject({ size: null, lag: null, heldBy: [] });
    renameSync(at('elsewhere'), at('records.ndjson'));
    expect(await runSource(app.context, 's')).toMatchObject({ decided: 1 });
  });

  it('asks for models before the first record', async () => {
    await create(ndjson({ text: 'one' }), {
      flow: write('asking.yml', llmFlow().replaceAll('"provider":"openai"', '"provider":"nobody"')),
    });
    await expect(runSource(app.context, 's')).rejects.toMatchObject({
      message: expect.stringMatching(/^node "first" of flow "asking": /) as string,
    });
    expect(await status()).toMatchObject({ pending: 0, failed: 0, offset: 0, heldBy: [] });
  });

  it('is interrupted by its signal, and goes on at the next start without asking twice', async () => {
    const texts = Array.from({ length: 40 }, (_, i) => ({ text: `number ${i}` }));
    const path = write('asked.ndjson', ndjson(...texts));
    await createFileSource(app.context, { sourceId: 's', path, flow: write('asking.yml', llmFlow()) });
    const user = new AbortController();
    const interrupted = runSource(app.context, 's', { concurrency: 4, signal: user.signal });
    await model.came(30);
    user.abort(new Error('interrupted'));
    await expect(interrupted).rejects.toThrow('interrupted');
    const before = await status();
    expect(before).toMatchObject({ heldBy: [] });
    expect((before?.pending ?? 0) + (before?.decided ?? 0)).toBe(40);
    expect(before?.pending).toBeGreaterThan(0);

    expect(await runSource(app.context, 's', { concurrency: 4 })).toMatchObject({ records: 0, decided: before?.pending });
    expect((await labels()).toSorted()).toEqual(texts.map(({ text }) => `SECOND ${text.toUpperCase()}`).toSorted());
    // Only the calls that were in flight when it was interrupted are made again.
    const repeated = [...model.calls.values()].filter((count) => count > 1);
    expect(model.calls.size).toBe(80);
    expect(repeated.length).toBeLessThanOrEqual(4);
  });

  it('ends when another process takes the source over, whose decisions stand', async () => {
    const path = write('asked.ndjson', ndjson(...Array.from({ length: 12 }, (_, i) => ({ text: `number ${i}` }))));
    await createFileSource(app.context, { sourceId: 's', path, flow: write('asking.yml', llmFlow()) });
    model.hold();
    const first = runSource(app.context, 's', { concurrency: 2 });
    const lost = first.catch((error: unknown) => error);
    await model.came(2);
    const other = await openRig(join(folder, 'data'), model.environment);
    const second = runSource({ ...other.context, isDead: () => true }, 's', { concurrency: 2 });
    await model.came(4);
    model.release();
    expect(await lost).toMatchObject({ code: 'busy', message: 'source "s" was taken over by another process' });
    expect(await second).toMatchObject({ decided: 12 });
    await other.close();
    const decisions = await listDecisions(app.context);
    expect(new Set(decisions.map((decision) => decision.recordId)).size).toBe(12);
    expect(decisions).toHaveLength(12);
  });
});
