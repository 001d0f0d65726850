import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFeatureCounter, FEATURE_SPACE } from './features.ts';
import { MAX_TEXT_LENGTH, plainText, textKey } from './normalize-text.ts';
import { shapesOf } from './shape-features.ts';

const count = createFeatureCounter();

describe('plainText and textKey', () => {
  it.each([
    ['Ｆｒｅｅ　ＰＲＩＺＥ', 'free prize'],
    ['f\u200br\u200de\u2060e', 'free'],
    ['\ufefffree\u202e', 'free'],
    ['ⓕⓡⓔⓔ', 'free'],
    ['f\u00adree\ufe0f', 'free'],
    ['加微\u200b信１２３', '加微信123'],
    ['  a \n\t b  ', 'a b'],
    ['ﬁne', 'fine'],
  ])('%j counts as %j', (text, key) => {
    expect(textKey(text)).toBe(key);
  });

  it('is bounded, also where normalisation makes a text longer', () => {
    expect(plainText('\ufdfa'.repeat(50_000)).length).toBe(MAX_TEXT_LENGTH);
  });
});

describe('features', () => {
  it.each([
    ['zero-width characters', 'win a free prize', 'w\u200bin a fr\u200dee pri\u2060ze'],
    ['full-width letters', 'win a free prize', 'ｗｉｎ ａ ｆｒｅｅ ｐｒｉｚｅ'],
    ['Chinese with hidden characters', '加我微信领取奖金', '加我\u200b微信\ufeff领取奖金'],
  ])('are blind to %s', (_name, plain, hidden) => {
    expect(count(hidden)).toEqual(count(plain));
  });

  it.each([
    ['words in another order', 'dog bites man', 'man bites dog'],
    ['another Chinese character', '领取奖金', '领取工资'],
    ['capitals', 'call now', 'CALL NOW'],
    ['a link', 'see example', 'see www.example.com'],
  ])('tell %s apart', (_name, a, b) => {
    expect(count(a)).not.toEqual(count(b));
  });

  it('share what texts share: words, and parts of misspelt ones', () => {
    const shared = (a: string, b: string): number => {
      const buckets = new Set(count(a).buckets);
      return count(b).buckets.filter((bucket) => buckets.has(bucket)).length;
    };
    expect(shared('congratulations winner', 'congratulation winners')).toBeGreaterThan(20);
    expect(shared('恭喜您中奖了', '恭喜你中奖')).toBeGreaterThan(4);
    expect(shared('call 09061701461', 'call 08719180248')).toBeGreaterThan(shared('call 09061701461', 'call me'));
  });

  it('lie in the fixed space, ascending, once each, the same for equal texts', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { buckets, counts } = count(text);
        expect(Array.from(buckets)).toEqual([...new Set(buckets)].toSorted((a, b) => a - b));
        expect(buckets.every((bucket) => bucket >= 0 && bucket < FEATURE_SPACE)).toBe(true);
        expect(counts.length).toBe(buckets.length);
        expect(counts.every((n) => n >= 1)).toBe(true);
        expect(count(text)).toEqual({ buckets, counts });
      }),
    );
  });

  it.each([
    ['', 0],
    ['a-'.repeat(20_000), 1],
    ['@'.repeat(40_000), 2],
    ['a@'.repeat(20_000), 3],
    ['1 '.repeat(20_000), 4],
    ['!'.repeat(40_000), 5],
    ['中'.repeat(40_000), 6],
    ['x'.repeat(1_000_000), 7],
    ['www'.repeat(20_000), 8],
    ['\u0301'.repeat(40_000), 9],
    ['ab.'.repeat(20_000), 10],
  ])('are not slow for a hostile text (%#)', (text) => {
    const startedAt = performance.now();
    expect(count(text).buckets.length).toBeGreaterThan(0);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});

describe('shapesOf', () => {
  it.each([
    ['visit https://x.example/a', ['url']],
    ['go to bit-shop.xyz now', ['url']],
    ['mail me: a.b@c.org', ['url', 'email']],
    ['call +44 7700 900-123', ['phone']],
    ['你赢了 5000 元', ['money']],
    ['win £100', ['money']],
    ['加微信聊', ['handle']],
    ['see you at 5.30 tomorrow', []],
  ])('%s', (text, expected) => {
    const kinds = ['url', 'email', 'phone', 'money', 'handle', 'emoji'];
    expect(shapesOf(text).filter((shape) => kinds.includes(shape))).toEqual(expected);
  });

  it('measures runs of digits, length, marks, capitals and Chinese', () => {
    expect(shapesOf('CALL 12345!!')).toEqual(['digits 5', 'length 4', 'marks 2 0', 'capitals 5', 'han 0']);
    expect(shapesOf('中文 ok？')).toEqual(['length 3', 'marks 0 1', 'capitals 0', 'han 3']);
    expect(shapesOf('')).toEqual(['length 0', 'marks 0 0', 'capitals 0', 'han 0']);
  });
});
