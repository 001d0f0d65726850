import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { importFlow, type Plan } from '../../../flow/index.ts';
import { LANE_COUNT, laneOf, lanesOfPart, PART_COUNT, partOfLane, type InboxRecord } from '../../../schemas/index.ts';
import { chooseLive, shareKeyOf, type StagePlans } from './choose-stage.ts';
import { rulesFlow } from '../source-rig.ts';

function planOf(other: string): Plan {
  const imported = importFlow(rulesFlow({ other }));
  if (!imported.ok) throw new Error(imported.message);
  return imported.flow.plan;
}
const live = planOf('ham');
const canary = planOf('fine');
const plansWith = (share: number | null): StagePlans => ({
  live,
  canary: share === null ? null : { plan: canary, share },
  shadow: null,
});
const record = (subject: string | null, recordId = 'r', key: string | null = null): Pick<InboxRecord, 'subject' | 'key' | 'recordId'> => ({
  subject,
  key,
  recordId,
});
const stageOf = (share: number | null, subject: string, sourceId = 's'): string =>
  chooseLive(plansWith(share), sourceId, record(subject)).stage;

describe('the share of a canary', () => {
  it('is the same subjects each time, and with a larger share those and more', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (subject, share, more) => {
          const stage = stageOf(share, subject);
          expect(stageOf(share, subject)).toBe(stage);
          if (stage === 'canary') expect(stageOf(Math.min(0.999, share + more * (1 - share)), subject)).toBe('canary');
        },
      ),
    );
  });

  it('is about as large as it says, with other subjects for another source', () => {
    const subjects = Array.from({ length: 4000 }, (_, i) => `acct-${i}`);
    const chosen = subjects.filter((subject) => stageOf(0.2, subject) === 'canary');
    expect(chosen.length / subjects.length).toBeGreaterThan(0.17);
    expect(chosen.length / subjects.length).toBeLessThan(0.23);
    const elsewhere = chosen.filter((subject) => stageOf(0.2, subject, 'other') === 'canary');
    expect(elsewhere.length / chosen.length).toBeLessThan(0.35);
  });

  it('brings the plan of its stage, and is nobody without a canary', () => {
    const subjects = Array.from({ length: 50 }, (_, i) => `acct-${i}`);
    const plans: readonly Plan[] = subjects.map((subject) => chooseLive(plansWith(0.5), 's', record(subject)).plan);
    expect(new Set(plans)).toEqual(new Set([live, canary]));
    expect(subjects.filter((subject) => stageOf(null, subject) !== 'live')).toEqual([]);
  });

  it('goes by the subject, else the key, else the record', () => {
    expect(shareKeyOf(record('a', 'r', 'k'))).toBe('a');
    expect(shareKeyOf(record(null, 'r', 'k'))).toBe('k');
    expect(shareKeyOf(record(null, 'r'))).toBe('r');
  });
});

describe('lanes', () => {
  it('belong to one part each', () => {
    const all = Array.from({ length: PART_COUNT }, (_, part) => lanesOfPart(part));
    expect(all.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: LANE_COUNT }, (_, lane) => lane));
    for (const [part, lanes] of all.entries()) expect(lanes.every((lane) => partOfLane(lane) === part)).toBe(true);
  });

  it.each([
    ['numbered accounts', (i: number) => `acct-${i}`],
    ['ids of one length', (i: number) => i.toString(16).padStart(32, '0')],
    ['texts of one letter more each', (i: number) => 'x'.repeat(i)],
  ])('get about as many of %s each', (_, textOf) => {
    const counts = Array.from({ length: LANE_COUNT }, () => 0);
    for (let i = 0; i < 3200; i++) {
      const lane = laneOf(textOf(i));
      counts[lane] = (counts[lane] ?? 0) + 1;
    }
    // 200 are expected; 5 deviations of √200 are 70.
    expect(Math.min(...counts)).toBeGreaterThan(130);
    expect(Math.max(...counts)).toBeLessThan(270);
  });
});
