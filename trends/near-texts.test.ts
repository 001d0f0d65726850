import { describe, expect, it } from 'vitest';
import { clusterTexts } from './near-texts.ts';

const told = (...texts: readonly string[]) => texts.map((text, i) => ({ text, reporter: `u-${i}` }));

describe('clusters of near-equal texts', () => {
  it('take copies together whose numbers, links, case and punctuation differ', () => {
    const clusters = clusterTexts(
      told(
        'Your parcel 4471 is held, pay 2.99 at https://a.example/x',
        'see you tomorrow at the station',
        'YOUR PARCEL 9982 is held: pay 3.50 at https://b.example/y',
        'Your parcel 11 is held - pay 2 at https://c.example',
      ),
      10,
    );
    expect(clusters).toEqual([
      { text: 'Your parcel 4471 is held, pay 2.99 at https://a.example/x', count: 3, reporters: 3 },
      { text: 'see you tomorrow at the station', count: 1, reporters: 1 },
    ]);
  });

  it('take reworded copies together, Chinese too, and keep different ones apart', () => {
    const clusters = clusterTexts(
      told(
        '恭喜您中奖了，请点击链接领取奖品，限时24小时',
        '恭喜您中奖啦，请点击链接领取奖品，限时48小时',
        '明天下午三点在图书馆门口见面吧',
        'hello dear friend i have a very good offer for you today',
        'hello dear friend i have a really good offer for you today',
      ),
      10,
    );
    expect(clusters.map(({ count }) => count)).toEqual([2, 2, 1]);
  });

  it('show the form that most have, and only so many clusters', () => {
    const clusters = clusterTexts(
      told('buy this now please all of you!', 'please buy this now all of you', 'please buy this now all of you', 'x', 'y'),
      2,
    );
    expect(clusters[0]).toEqual({ text: 'please buy this now all of you', count: 3, reporters: 3 });
    expect(clusters).toHaveLength(2);
  });

  it('of nothing are none', () => expect(clusterTexts([], 5)).toEqual([]));
});
