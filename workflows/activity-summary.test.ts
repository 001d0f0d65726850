import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activitySummary } from './activity-summary.ts';

const bytes = (text: string): number => new TextEncoder().encode(JSON.stringify(text)).length;

describe('the summary of an activity', () => {
  it.each([
    ['Ask the model', 'Ask the model'],
    ['两行\n标题', '两行 标题'],
    ['', ''],
    ['a'.repeat(198), 'a'.repeat(198)],
    ['a'.repeat(199), `${'a'.repeat(195)}…`],
    ['题'.repeat(66), '题'.repeat(66)],
    ['题'.repeat(67), `${'题'.repeat(65)}…`],
    ['🛡'.repeat(60), `${'🛡'.repeat(48)}…`],
    ['"'.repeat(150), `${'"'.repeat(97)}…`],
    ['\u0001'.repeat(80), `${'\u0001'.repeat(32)}…`],
  ])('of %j', (title, summary) => {
    expect(activitySummary(title)).toBe(summary);
  });

  it('is at most 200 bytes long as it is stored, on one line, and begins as the title does', () => {
    const titles = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 300 }));
    fc.assert(
      fc.property(titles, (title) => {
        const summary = activitySummary(title);
        expect(bytes(summary)).toBeLessThanOrEqual(200);
        expect(summary).not.toMatch(/[\r\n]/);
        const whole = title.replace(/\s+/g, ' ');
        expect(bytes(whole) <= 200 ? summary === whole : summary.endsWith('…') && whole.startsWith(summary.slice(0, -1))).toBe(true);
      }),
    );
  });
});
