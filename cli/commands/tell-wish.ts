import type { WishAnswer } from '../../runtime/index.ts';
import type { Session } from '../session.ts';

type Wish = 'pause' | 'cancel';
type Kind = 'evaluation' | 'batch';
const NOUNS: Readonly<Record<Kind, string>> = { evaluation: 'eval', batch: 'batch' };

const SENTENCES: Readonly<Record<Wish, Readonly<Record<WishAnswer['status'], string>>>> = {
  pause: {
    requested: 'is being paused; go on with: riskflow NOUN resume',
    holds: 'is paused already; go on with: riskflow NOUN resume',
    'already-over': 'is over, so there is nothing to pause; see it with: riskflow NOUN show',
  },
  cancel: {
    requested: 'is being cancelled; see what it has with: riskflow NOUN show',
    holds: 'is cancelled already; see what it has with: riskflow NOUN show',
    'already-over': 'is over, so there is nothing to cancel; see it with: riskflow NOUN show',
  },
};

/** As notes of the help of `pause` and `cancel`. */
export const WISH_EXITS =
  'Exit code: 0 when it is noted or holds already, 1 when it is over or, with pause, cancelled, 2 when there is none.';

/** Says what came of a wish. @returns the exit code */
export function tellWish(session: Session, asked: WishAnswer, { kind, wish }: { readonly kind: Kind; readonly wish: Wish }): number {
  const { id, status } = asked;
  if (session.json) session.printJson(asked);
  else session.print(`${kind} ${id} ${SENTENCES[wish][status].replace('NOUN', NOUNS[kind])} ${id}`);
  return status === 'already-over' ? 1 : 0;
}
