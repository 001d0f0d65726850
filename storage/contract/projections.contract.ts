import { describe, expect, it } from 'vitest';
import type { ProjectionStatus, Storage } from '../../schemas/core.ts';
import type { Backend, Place } from './backend.ts';
import { currentFixtures, freshWorkspace, resultRecorded, unit } from './fixtures.ts';
import { useStorage } from './use-storage.contract.ts';

const h = (letter: string): string => letter.repeat(64);

const logOf = (stream: string): 'runs-0' | 'ledger' => (stream.startsWith('run/') ? 'runs-0' : 'ledger');
const fixturesIn = (log: string): number => currentFixtures().filter(({ stream }) => logOf(stream) === log).length;

/** Writes one event of every type. */
async function writeFixtures(storage: Storage, ws: string): Promise<void> {
  for (const { stream, type, data } of currentFixtures()) {
    const log = logOf(stream);
    await storage.events.write(unit(ws, { appends: [{ log, stream, expected: { any: true }, events: [{ type, data }] }] }));
  }
}

async function writeResults(storage: Storage, ws: string, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => resultRecorded({ sampleId: `s-${i}`, variant: i % 2 === 0 ? 'A' : 'B' }));
  await storage.events.write(unit(ws, { appends: [{ log: 'ledger', stream: 'evaluation/e2', expected: { any: true }, events }] }));
}

const rowsAndHashes = (status: readonly ProjectionStatus[]): readonly unknown[] =>
  status.map(({ name, checkpoint, rows, hash }) => ({ name, checkpoint, rows, hash }));

export function projectionsContract(backend: Backend): void {
  describe('projections', () => {
    let place: Place;
    let storage: Storage;
    useStorage(backend, (own) => ({ place, storage } = own));

    it('count what backtests cost apart from what the stream costs', async () => {
      const ws = freshWorkspace();
      const made = currentFixtures().find(({ type }) => type === 'DecisionMade');
      if (made === undefined) throw new Error('there is no fixture of a decision');
      const cost = (mode: string, usd: number) => ({
        type: made.type,
        data: { ...(made.data as object), mode, cost: usd, tokens: { input: 10, output: 2 }, decidedAt: Date.UTC(2026, 10, 20, 23, 59) },
      });
      const events = [cost('live', 1), cost('shadow', 2), cost('backtest', 4), cost('backtest', 8)];
      await storage.events.write(unit(ws, { appends: [{ log: 'ledger', stream: made.stream, expected: { any: true }, events }] }));
      await storage.projections.catchUp(ws);
      const spent = (purpose: 'stream' | 'backtest', day = '2026-11-20') =>
        storage.read.dailySpend(ws, { sourceId: 'reports', day, purpose });
      expect(await spent('stream')).toEqual({ decisions: 2, cost: 3, tokens: 24 });
      expect(await spent('backtest')).toEqual({ decisions: 2, cost: 12, tokens: 24 });
      expect(await spent('stream', '2026-11-21')).toEqual({ decisions: 0, cost: 0, tokens: 0 });
    });

    it('know messages that were passed over until they are delivered, and again when they are refused again', async () => {
      const ws = freshWorkspace();
      const about = (n: number) => ({ sink: 'hooks', part: n % 2, messageId: `d-${n}`, n, at: 1_000 + n });
      const refused = (n: number, reason = 'no') => ({ type: 'DeliveryRefused', data: { ...about(n), reason, gaveUp: n === 3 } });
      const redelivered = (n: number) => ({ type: 'DeliveryRedelivered', data: about(n) });
      const dead = async (): Promise<unknown> => {
        await storage.projections.catchUp(ws);
        const rows = await storage.read.deadDeliveries(ws, { sink: 'hooks', limit: 10 });
        expect(await storage.read.deadDeliveryCount(ws, 'hooks')).toBe(rows.length);
        return rows.map(({ n, reason, gaveUp }) => `${n} ${reason}${gaveUp ? ' gave up' : ''}`);
      };
      const write = (events: readonly object[]) =>
        storage.events.write(
          unit(ws, { appends: [{ log: 'ledger', stream: 'relay/hooks', expected: { any: true }, events: events as never }] }),
        );
      await write([refused(2), refused(1), refused(3)]);
      expect(await dead()).toEqual(['1 no', '2 no', '3 no gave up']);
      await write([redelivered(2), redelivered(9)]);
      expect(await dead()).toEqual(['1 no', '3 no gave up']);
      await write([refused(2, 'no again'), redelivered(1), redelivered(1)]);
      expect(await dead()).toEqual(['2 no again', '3 no gave up']);
      expect((await storage.read.deadDeliveries(ws, { sink: 'hooks', newestFirst: true, limit: 1 })).map(({ n }) => n)).toEqual([3]);
      expect((await storage.read.deadDeliveries(ws, { sink: 'hooks', after: 2, limit: 5 })).map(({ n }) => n)).toEqual([3]);
    });

    it('find a decision by its id without looking at the others', async () => {
      // Which index MySQL takes of a table that is empty says nothing: that there is one must do.
      const text =
        backend.name === 'SQLite'
          ? "explain query plan select * from decisions where workspace_id = 'w' and decision_id = 'd-2'"
          : "select index_name as name from information_schema.statistics where table_schema = database() and column_name = 'decision_id'";
      expect(JSON.stringify(await place.query(text))).toContain('decisions_by_id');
    });

    it('give the read models', async () => {
      const ws = freshWorkspace();
      await writeFixtures(storage, ws);
      expect(await storage.read.flows(ws)).toEqual([]);
      await storage.projections.catchUp(ws);
      expect(await storage.read.flows(ws)).toEqual([{ flow: 'triage', latestVersion: h('d'), versions: 2, mode: 'workflow' }]);
      const versions = await storage.read.flowVersions(ws, 'triage');
      expect(versions.map(({ version, n }) => [version, n])).toEqual([
        [h('a'), 1],
        [h('d'), 2],
      ]);
      expect(await storage.read.flowVersion(ws, h('a'))).toEqual({
        flow: 'triage',
        version: h('a'),
        meaningHash: h('b'),
        mode: 'workflow',
        dslVersion: '0.3.0',
        definition: h('c'),
        warnings: ['node 17 has a kind that is not known'],
        fileName: 'triage.yml',
        n: 1,
      });
      expect(await storage.read.flowVersion(ws, h('0'))).toBeUndefined();
      expect(await storage.read.flowVersions(ws, 'other')).toEqual([]);
      const sets = await storage.read.sampleSetVersions(ws, { set: 'sms' });
      expect(sets.map(({ version, split, streamVersion, n }) => [version, split, streamVersion, n])).toEqual([
        [h('1'), null, 1, 3],
        [h('6'), 'test', 2, 4],
      ]);
      expect(sets[0]).toMatchObject({
        labels: { ham: 1, spam: 1 },
        rejected: 1,
        fieldNames: ['text', 'campaign'],
        clusterField: 'campaign',
      });
      expect((await storage.read.sampleSetVersions(ws)).length).toBe(2);
      expect(await storage.read.sampleSetVersions(ws, { set: 'none' })).toEqual([]);
      expect(await storage.read.models(ws, { model: 'sms@tune' })).toMatchObject([
        { artifact: h('7'), rows: 1, metrics: { accuracy: 0.98, bins: [0.1, 0.9] } },
      ]);
      expect(await storage.read.models(ws, { model: 'none' })).toEqual([]);
      const location = 'reports on 127.0.0.1:9092';
      expect(await storage.read.sources(ws)).toEqual([{ sourceId: 'reports', kind: 'kafka', location, flow: 'triage', incarnation: 2 }]);
      expect(await storage.read.decisions(ws, { limit: 5 })).toMatchObject([
        {
          n: 8,
          decisionId: 'd-2',
          label: 'spam',
          outputs: h('8'),
          lane: 3,
          score: 0.91,
          tokens: { input: 10, output: 2 },
          ruleHits: [{ caseId: 'true' }],
        },
      ]);
      expect(await storage.read.decisions(ws, { limit: 5, after: 8 })).toEqual([]);
      expect(await storage.read.decisions(ws, { limit: 5, sourceId: 'none' })).toEqual([]);
      expect(await storage.read.decisions(ws, { limit: 5, mode: 'shadow' })).toEqual([]);
      const about = { sourceId: 'reports', mode: 'live', recordIds: ['rec-2', 'rec-3'] } as const;
      expect(await storage.read.decisionsAbout(ws, about)).toMatchObject([{ decisionId: 'd-2' }]);
      expect(await storage.read.decisionsAbout(ws, { ...about, mode: 'shadow' })).toEqual([]);
      expect(await storage.read.decision(ws, { decisionId: 'd-2' })).toMatchObject({ n: 8, decisionId: 'd-2' });
      expect(await storage.read.decision(ws, { decisionId: 'd-9' })).toBeUndefined();
      const dead = {
        sink: 'hooks',
        part: 0,
        messageId: 'd-1',
        n: 8,
        reason: 'the receiver answered 410',
        gaveUp: false,
        at: 1760000000000,
      };
      expect(await storage.read.deadDeliveries(ws, { sink: 'hooks', limit: 5 })).toEqual([dead]);
      expect(await storage.read.deadDeliveryCount(ws, 'hooks')).toBe(1);
      expect(await storage.read.deadDeliveries(ws, { sink: 'other', limit: 5 })).toEqual([]);
      expect(await storage.read.evaluations(ws)).toEqual([await storage.read.evaluation(ws, 'e1')]);
      expect(await storage.read.evaluation(ws, 'e1')).toMatchObject({
        status: 'judged',
        summary: { verdict: 'FAIL', difference: { estimate: -1 } },
        results: 2,
        n: 1,
        position: 9,
        notes: ['the flow races'],
        finishedAt: 1760000001000,
      });
      expect(await storage.read.evaluation(ws, 'e9')).toBeUndefined();
      const results = await storage.read.results(ws, 'e1', { limit: 10 });
      expect(results).toMatchObject([
        { sampleId: '2', variant: 'A', correct: true, inputTokens: 120, cost: 0.00031, elapsedMs: 51.25, cluster: 'c1' },
        {
          sampleId: '2',
          variant: 'B',
          correct: false,
          inputTokens: null,
          cost: null,
          prediction: null,
          error: 'the model did not answer',
          calls: 3,
        },
      ]);
      expect(await storage.read.schedules(ws)).toMatchObject([
        {
          schedule: 'nightly',
          settings: { timing: { kind: 'cron', expression: '0 3 * * *' }, overlap: 'skip', work: { kind: 'run', flow: 'triage' } },
          state: 'deleted',
          note: null,
          createdAt: 1760000002000,
          considered: 1760050800000,
          missed: 3,
          lastMissed: 1760013600000,
        },
      ]);
      expect(await storage.read.scheduleOccurrences(ws, { limit: 10 })).toMatchObject([
        { occurrenceId: 'nightly.20251009T230000Z', status: 'succeeded', triggered: false, workId: 'nightly.20251009T230000Z' },
        { occurrenceId: 'nightly.20251009T090640Z', status: 'asked', triggered: true, startedAt: null },
      ]);
      expect(await storage.read.scheduleOccurrences(ws, { open: true, limit: 10 })).toMatchObject([{ status: 'asked' }]);
      expect(await storage.read.scheduleOccurrences(ws, { schedule: 'other', limit: 10 })).toEqual([]);
      expect(await storage.read.runs(ws, { limit: 10 })).toEqual([
        {
          runId: 'r1',
          flow: 'triage',
          flowVersion: h('d'),
          mode: 'live',
          status: 'stopped',
          totalSteps: 4,
          startedAt: 1760000000100,
          finishedAt: 1760000000163,
          error: 'stopped',
        },
      ]);
    });

    it('page through results by the bytes of sample and variant, then repeat', async () => {
      const ws = freshWorkspace();
      const keys: readonly (readonly [string, string, number])[] = [
        ['B', 'A', 0],
        ['a', 'A', 0],
        ['a', 'A', 1],
        ['a', 'A', 10],
        ['a', 'b', 2],
        ['a ', 'A', 0],
        ['é', 'A', 0],
        ['你', 'A', 0],
        ['😀', 'A', 0],
      ];
      const events = Array.from(keys)
        .reverse()
        .map(([sampleId, variant, repeat]) => resultRecorded({ sampleId, variant, repeat }));
      await storage.events.write(unit(ws, { appends: [{ log: 'ledger', stream: 'evaluation/e2', expected: { any: true }, events }] }));
      await storage.projections.catchUp(ws);
      const seen: unknown[] = [];
      let after: Parameters<Storage['read']['results']>[2]['after'];
      for (;;) {
        const page = await storage.read.results(ws, 'e2', { limit: 2, ...(after === undefined ? {} : { after }) });
        for (const row of page) seen.push([row.sampleId, row.variant, row.repeat]);
        after = page.at(-1);
        if (page.length < 2) break;
      }
      expect(seen).toEqual(keys);
    });

    it('catch up once, in as many turns and from as many places as you like', async () => {
      const ws = freshWorkspace();
      await writeFixtures(storage, ws);
      await writeResults(storage, ws, 1500);
      const other = await place.open();
      await Promise.all([storage.projections.catchUp(ws), other.projections.catchUp(ws), storage.projections.catchUp(ws)]);
      const status = await storage.projections.status(ws);
      await other.projections.catchUp(ws);
      await other.close();
      expect(await storage.projections.status(ws)).toEqual(status);
      for (const { checkpoint, log } of status)
        expect(checkpoint).toBe(log === 'ledger' ? fixturesIn('ledger') + 1500 : fixturesIn('runs-0'));
      expect(status.every(({ checkpoint, head }) => checkpoint === head)).toBe(true);
      expect(status.find(({ name }) => name === 'results')?.rows).toBe(1502);
      // Counted from events: it would be more if any were applied twice.
      expect((await storage.read.flows(ws)).map(({ versions }) => versions)).toEqual([2]);
    });

    it('catch up to a position, and do not wait for one that is not there', async () => {
      const ws = freshWorkspace();
      await writeResults(storage, ws, 900);
      await storage.projections.catchUp(ws, [{ log: 'ledger', n: 10 }]);
      const reached = (await storage.projections.status(ws)).find(({ name }) => name === 'results')?.checkpoint ?? 0;
      expect(reached).toBeGreaterThanOrEqual(10);
      expect(reached).toBeLessThan(900);
      await storage.projections.catchUp(ws, [
        { log: 'ledger', n: 5000 },
        { log: 'runs-0', n: 5 },
      ]);
      expect((await storage.projections.status(ws)).find(({ name }) => name === 'results')?.checkpoint).toBe(900);
    });

    it('are rebuilt to the same rows, one or all, while others write', async () => {
      const ws = freshWorkspace();
      await writeFixtures(storage, ws);
      await writeResults(storage, ws, 1000);
      await storage.projections.catchUp(ws);
      const before = await storage.projections.status(ws);
      const progress: (readonly [number, number])[] = [];
      const rebuilt = await storage.projections.rebuild(ws, { onProgress: (done, total) => progress.push([done, total]) });
      expect(rowsAndHashes(rebuilt)).toEqual(rowsAndHashes(before));
      const events = before.reduce((sum, { log }) => sum + (log === 'ledger' ? fixturesIn('ledger') + 1000 : fixturesIn('runs-0')), 0);
      expect(progress.at(-1)).toEqual([events, events]);
      expect(progress.map(([done]) => done)).toEqual(progress.map(([done]) => done).sort((a, b) => a - b));
      const one = await storage.projections.rebuild(ws, { name: 'results' });
      expect(one.map(({ name }) => name)).toEqual(['results']);
      await expect(storage.projections.rebuild(ws, { name: 'none' })).rejects.toThrow('there is no projection none');

      await Promise.all([storage.projections.rebuild(ws), writeResults(storage, ws, 10), storage.projections.catchUp(ws)]);
      await storage.projections.catchUp(ws);
      const caughtUp = await storage.projections.status(ws);
      expect(caughtUp.every(({ checkpoint, head }) => checkpoint === head)).toBe(true);
      expect(rowsAndHashes(await storage.projections.rebuild(ws))).toEqual(rowsAndHashes(caughtUp));
    });

    it('that were changed by hand are noticed by their hash and mended by a rebuild', async () => {
      const ws = freshWorkspace();
      await writeFixtures(storage, ws);
      await storage.projections.catchUp(ws);
      const before = await storage.projections.status(ws);
      await place.query("update results set correct = 0 where workspace_id = ? and variant = 'A'", [ws]);
      const changed = (await storage.projections.status(ws)).filter(({ hash }, i) => hash !== before[i]?.hash);
      expect(changed.map(({ name }) => name)).toEqual(['results']);
      expect(rowsAndHashes(await storage.projections.rebuild(ws))).toEqual(rowsAndHashes(before));
    });

    it('skip events whose payload was erased, live and rebuilt', async () => {
      const ws = freshWorkspace();
      await writeFixtures(storage, ws);
      const large = { ...(resultRecorded({ sampleId: 'big' }).data as object), error: 'x'.repeat(20_000) };
      const write = (): Promise<unknown> =>
        storage.events.write(
          unit(ws, {
            appends: [
              { log: 'ledger', stream: 'evaluation/e2', expected: { any: true }, events: [{ type: 'ResultRecorded', data: large }] },
            ],
          }),
        );
      await write();
      await storage.projections.catchUp(ws);
      expect((await storage.read.results(ws, 'e2', { limit: 5 })).map(({ sampleId }) => sampleId)).toEqual(['big']);
      await place.query('delete from blobs where workspace_id = ?', [ws]);
      await storage.projections.rebuild(ws);
      expect(await storage.read.results(ws, 'e2', { limit: 5 })).toEqual([]);
    });
  });
}
