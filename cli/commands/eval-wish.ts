import type { Command } from 'commander';
import { withApp, type Session } from '../session.ts';
import { tellWish } from './tell-wish.ts';

type Wish = { readonly wish: 'pause' | 'cancel'; readonly reason?: string };

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
    return tellWish(session, asked, { kind: 'evaluation', wish });
  });
}
