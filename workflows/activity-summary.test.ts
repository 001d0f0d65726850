import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activitySummary } from './activity-summary.ts';

const bytes = (text: string): number => new TextEncoder().encode(text).length;

describe('the summary of an activity', () => {
  it.each([
    ['Ask the model', 'Ask the model'],
    ['两行\n标题', '两行 标题'],
    ['', ''],
    ['a'.repeat(197), 'a'.repeat(197)],
    ['a'.repeat(198), `${'a'.repeat(197)}…`],
    ['题'.repeat(66), `${'题'.repeat(65)}…`],
    ['🛡'.repeat(60), `${'🛡'.repeat(49)}…`],
  ])('of %j', (title, summary) => {
    expect(activitySummary(title)).toBe(summary);
  });

  it('is at most 200 bytes long, on one line, and begins as the title does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (title) => {
        const summary = activitySummary(title);
        expect(bytes(summary)).toBeLessThanOrEqual(200);
        expect(summary).not.toMatch(/[\r\n]/);
        const whole = title.replace(/\s+/g, ' ');
        expect(summary === whole || (summary.endsWith('…') && whole.startsWith(summary.slice(0, -1)))).toBe(true);
      }),
    );
  });
});
