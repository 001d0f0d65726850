import type { RelayNews } from '../../runtime/index.ts';
import { durationText } from '../output/duration.ts';
import type { Session } from '../session.ts';

/**
 * Tells of a sink's trouble when it begins, when it becomes another, and when it is over, not of every try; and of the 1st, 10th, 100th, … message
 * that is passed over for one reason. That it works is seen in `outbox status`.
 */
export function outboxTeller(session: Pick<Session, 'notice' | 'warn'>): (news: RelayNews) => void {
  const troubles = new Map<string, string>();
  const passedOver = new Map<string, { readonly why: string; readonly count: number }>();
  return (news) => {
    if (news.kind === 'trouble') session.warn(`the outbox waits: ${news.message}`);
    else if (news.kind === 'refused') {
      const why = `${news.gaveUp ? ' after many tries' : ''}: ${news.reason}`;
      const before = passedOver.get(news.sink);
      const count = before?.why === why ? before.count + 1 : 1;
      passedOver.set(news.sink, { why, count });
      if (count === 1) session.warn(`sink ${news.sink}: ${news.messageId} is passed over${why}`);
      else if (Number.isInteger(Math.log10(count))) session.warn(`sink ${news.sink}: ${count} messages are passed over${why}`);
    } else if (news.kind === 'recovered') {
      if (troubles.delete(news.sink)) session.notice(`sink ${news.sink}: it takes messages again`);
    } else if (troubles.get(news.sink) !== news.error) {
      troubles.set(news.sink, news.error);
      session.warn(`sink ${news.sink}: ${news.error}; it is tried again, next in ${durationText(news.retryMs)}`);
    }
  };
}
