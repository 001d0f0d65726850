import type { Command } from 'commander';
import type { EvaluationWish } from '../../runtime/index.ts';
import { withApp, type Session } from '../session.ts';

type Wish = { readonly wish: 'pause' | 'cancel'; readonly reason?: string };

const SENTENCES: Readonly<Record<Wish['wish'], Readonly<Record<EvaluationWish['status'], string>>>> = {
  pause: {
    requested: 'is being paused; go on with: riskflow eval resume',
    holds: 'is paused already; go on with: riskflow eval resume',
    'already-over': 'is over; see it with: riskflow eval show',
  },
  cancel: {
    requested: 'is being cancelled; see what it has with: riskflow eval show',
    holds: 'is cancelled already; see what it has with: riskflow eval show',
    'already-over': 'is over; see it with: riskflow eval show',
  },
};

export const pauseEvaluation = (session: Session, command: Command): Promise<number> => ask(session, command, { wish: 'pause' });

export const cancelEvaluation = (session: Session, command: Command): Promise<number> =>
  ask(session, command, { wish: 'cancel', ...command.opts<{ reason?: string }>() });

function ask(session: Session, command: Command, { wish, reason }: Wish): Promise<number> {
  const [id = ''] = command.args;
  return withApp(session, async ({ runtime, context }) => {
    const asked = await runtime.wishForEvaluation(context, id, {
      wish,
      onWarning: session.warn,
      ...(reason === undefined ? {} : { reason }),
    });
    if (session.json) session.printJson(asked);
    else session.print(`evaluation ${id} ${SENTENCES[wish][asked.status]} ${id}`);
    return 0;
  });
}
