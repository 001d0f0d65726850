import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workingFolder } from './fixtures.ts';
import { countRows, newFolder, riskflow, riskflowJson } from './riskflow.ts';

type Decisions = {
  readonly decisions: readonly {
    readonly n: number;
    readonly recordKey: string;
    readonly label: string;
    readonly outputs: unknown;
    readonly status: string;
  }[];
};

describe.concurrent('riskflow source, decision and deadletter', () => {
  it('decides every record once, however often it is started', async () => {
    const folder = workingFolder();
    const start = { data: join(newFolder(), 'data'), folder };
    await riskflow(['flow', 'import', 'good.yml'], start);
    const create = ['source', 'create', 'stream', '--file', 'records.ndjson', '--flow', 'good', '--key', 'id'];
    expect(await riskflowJson(create, start)).toMatchObject({
      sourceId: 'stream',
      flow: 'good',
      flowVersion: null,
      settings: { connector: { kind: 'file', follow: false }, record: { key: 'id' }, onDuplicateKey: 'process' },
      isNew: true,
    });
    expect(await riskflowJson(create, start)).toMatchObject({ isNew: false });

    const started = await riskflow(['source', 'start', 'stream'], start);
    expect(started.out).toMatch(/^20 new records and 1 dead letters; 20 decided, 0 failed, 0 superseded by good version [0-9a-f]{12} in /);
    expect(await riskflowJson(['source', 'start', 'stream'], start)).toMatchObject({ records: 0, deadLetters: 0, decided: 0, failed: 0 });
    expect(countRows(start.data, 'decisions')).toBe(20);
    expect(countRows(start.data, 'run_status')).toBe(20);

    appendFileSync(join(folder, 'records.ndjson'), '{"id": "late", "text": "win at last"}\n');
    expect(await riskflowJson(['source', 'start', 'stream'], start)).toMatchObject({ records: 1, decided: 1 });
    expect(await riskflowJson(['source', 'status', 'stream'], start)).toMatchObject({
      sources: [{ sourceId: 'stream', pending: 0, decided: 21, deadLetters: 1, partitions: [{ lag: 0 }], heldBy: [] }],
    });

    const { decisions } = await riskflowJson<Decisions>(['decision', 'list', '--source', 'stream'], start);
    expect(new Set(decisions.map(({ recordKey }) => recordKey)).size).toBe(21);
    expect(decisions.at(-1)).toMatchObject({ recordKey: 'late', status: 'succeeded', label: 'spam', outputs: { label: 'spam' } });
    expect(decisions.filter(({ label }) => label === 'spam').length).toBe(11);
    const page = await riskflow(['decision', 'list', '--limit', '20'], start);
    expect(page.err).toBe(`riskflow: there may be more: --after ${decisions[19]?.n ?? 0}\n`);
    const rest = await riskflowJson<Decisions>(['decision', 'list', '--after', String(decisions[19]?.n ?? 0)], start);
    expect(rest.decisions).toEqual(decisions.slice(20));

    const { deadLetters } = await riskflowJson<{ readonly deadLetters: readonly unknown[] }>(['deadletter', 'list'], start);
    expect(deadLetters).toEqual([
      expect.objectContaining({ sourceId: 'stream', text: '{"broken', bytes: 8, reason: expect.stringMatching(/./) as string }),
    ]);
  });

  it('a status of nothing says how to begin', async () => {
    const { code, out, err } = await riskflow(['source', 'status'], { data: join(newFolder(), 'data') });
    expect([code, out, err]).toEqual([
      0,
      '',
      'riskflow: there is no source yet: riskflow source create ID --file FILE.ndjson --flow FLOW\n',
    ]);
  });
});
