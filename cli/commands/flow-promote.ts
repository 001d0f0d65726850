import type { Command } from 'commander';
import { RiskflowError, type RolloutStage } from '../../schemas/core.ts';
import { addVerb, option, type Dispatch } from '../declare.ts';
import { withApp, type Session } from '../session.ts';

const STAGES = ['shadow', 'canary', 'live'] as const;

export function addFlowPromote(flow: Command, dispatch: Dispatch): void {
  addVerb(flow, dispatch, {
    name: 'promote [FLOW]',
    summary: 'let a version of a flow decide on a source: as its shadow, for a share of it, or for all of it',
    args: { FLOW: 'FLOW (its latest version), FLOW:VERSION, or a Dify DSL file' },
    needed: [option('--source <ID>', 'the source')],
    options: [
      option(
        '--to <STAGE>',
        'shadow: decides and is kept, and nothing acts on it; canary: for a share of the subjects; live: for all',
      ).choices(STAGES),
      option('--share <SHARE>', 'of the subjects, for a canary: above 0 and at most 1', { read: readShare }),
      option('--end <STAGE>', 'end the shadow or the canary').choices(['shadow', 'canary']),
      option('--rollback', 'take the last step back: the canary ends, or the live flow before this one decides again'),
      option('--reason <TEXT>', 'why, for those who look at it later'),
    ],
    examples: [
      'riskflow flow promote triage-v2.yml --source reports --to shadow',
      'riskflow flow promote triage --source reports --to canary --share 0.1',
      'riskflow flow promote triage --source reports --to live',
      'riskflow flow promote --source reports --rollback',
    ],
    notes: ['Whoever works on the source follows within a second or two; runs that have begun end under the version they began with.'],
    action: promote,
  });
}

function readShare(text: string): number {
  const share = Number(text);
  if (share > 0 && share <= 1) return share;
  throw new RiskflowError('usage', `--share must be above 0 and at most 1, not "${text}"`, {
    hint: 'such as 0.1 for a tenth of the subjects',
  });
}

type PromoteOptions = {
  readonly source: string;
  readonly to?: RolloutStage;
  readonly share?: number;
  readonly end?: 'shadow' | 'canary';
  readonly rollback?: boolean;
  readonly reason?: string;
};

async function promote(session: Session, command: Command): Promise<number> {
  const [flow] = command.args;
  const options = command.opts<PromoteOptions>();
  const { source: sourceId, to, share, end, rollback = false, reason = 'flow promote' } = options;
  const wanted = [to !== undefined, end !== undefined, rollback].filter(Boolean).length;
  if (wanted !== 1 || (to !== undefined) !== (flow !== undefined))
    throw new RiskflowError('usage', 'flow promote needs FLOW and --to STAGE, or --end STAGE, or --rollback', {
      hint: 'riskflow flow promote --help shows examples',
    });
  if (share !== undefined && to !== 'canary')
    throw new RiskflowError('usage', '--share is the share of a canary', { hint: 'say --to canary, or leave it out' });
  return withApp(session, async ({ runtime, context }) => {
    if (rollback) {
      const { ended, live } = await runtime.rollBackFlow(context, sourceId, reason);
      if (session.json) session.printJson({ sourceId, ended, live });
      else
        session.print(
          `source ${sourceId}: the ${ended === 'canary' ? 'canary has ended' : 'live flow is the one before'}; ${nameOf(live)} decides`,
        );
    } else if (end !== undefined) {
      const { changed } = await runtime.endStage(context, sourceId, { stage: end, reason });
      if (session.json) session.printJson({ sourceId, end, changed });
      else session.print(`source ${sourceId} ${changed ? `has no ${end} any more` : `had no ${end}`}`);
    } else if (to !== undefined && flow !== undefined) {
      const promoted = await runtime.promoteFlow(context, { sourceId, flow, stage: to, reason, ...(share === undefined ? {} : { share }) });
      if (session.json) session.printJson({ sourceId, ...promoted, share: share ?? null });
      else
        session.print(
          `source ${sourceId}: ${to} is ${nameOf(promoted)}${promoted.before === null ? '' : `, it was ${nameOf(promoted.before)}`}; ${to === 'shadow' ? '--end shadow ends it' : '--rollback takes it back'}`,
        );
    }
    return 0;
  });
}

const nameOf = ({ flow, flowVersion }: { readonly flow: string; readonly flowVersion: string | null }): string =>
  `${flow} ${flowVersion === null ? '(its latest version)' : flowVersion.slice(0, 12)}`;
