import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutText, tidyLines, visibleLine, visibleText } from './visible-text.ts';

describe('visibleText', () => {
  it.each([
    ['\u001b[31mred\u0007', '⟨001B⟩[31mred⟨0007⟩'],
    ['\u009b2J', '⟨009B⟩2J'],
    ['abc\u202edcba', 'abc⟨202E⟩dcba'],
    ['a\u2066b\u2069', 'a⟨2066⟩b⟨2069⟩'],
    ['no\u200bbreak\ufeff', 'no⟨200B⟩break⟨FEFF⟩'],
    ['half \ud83d!', 'half �!'],
    ['tag \u{e0041}', 'tag ⟨E0041⟩'],
    ['a\r\nb\tc', 'a\nb\tc'],
    ['a\rb', 'a⟨000D⟩b'],
    ['垃圾 👩‍👧 é', '垃圾 👩‍👧 é'],
  ])('%j', (text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  it('leaves no control character whatever comes in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visibleLine(text)).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe('lines', () => {
  it('are joined, or tidied', () => {
    expect(visibleLine(' a \r\n\n b\tc ')).toBe('a ⏎ b c');
    expect(tidyLines('a  \n\n \n\nb\n')).toBe('a\n\nb');
  });

  it('do not take long for a long text', () => {
    const before = process.cpuUsage();
    expect(visibleLine(' \n'.repeat(1_000_000)).length).toBeLessThan(1001);
    expect(visibleLine(`${' '.repeat(1_000_000)}x`).length).toBeLessThan(1001);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000);
  });
});

describe('cutText', () => {
  it('cuts between characters, not within', () => {
    expect(cutText('短信内容', 4)).toBe('短信内容');
    expect(cutText('短信内容', 3)).toBe('短信…');
    expect(cutText('👍👍👍', 2)).toBe('👍…');
    expect(cutText('👍👍', 2)).toBe('👍👍');
  });
});
