import type { Command } from 'commander';
import { RiskflowError } from '../../../schemas/core.ts';
import { addVerb, option, type Dispatch } from '../../declare.ts';
import { wholeNumber } from '../../options/numbers.ts';
import { renderTable } from '../../output/table.ts';
import { withApp, type Session } from '../../session.ts';

export function addSourceOffsets(source: Command, dispatch: Dispatch): void {
  addVerb(source, dispatch, {
    name: 'offsets <ID>',
    summary: 'print where each partition of a source is read on from, or set it while the source is stopped',
    args: { ID: 'name of the source' },
    options: [
      option('--set <OFFSET>', 'read on from here', { read: wholeNumber('--set', { min: 0, max: Number.MAX_SAFE_INTEGER }) }),
      option('--topic <TOPIC>', 'of this topic or file (default: the only one)'),
      option('--partition <N>', 'of this partition (default: the only one)', {
        read: wholeNumber('--partition', { min: 0, max: 1_000_000 }),
      }),
    ],
    examples: ['riskflow source offsets reports', 'riskflow source offsets live --topic reports --partition 3 --set 1200'],
    notes: ['Records that were read before and are read again are known by their place, and are not decided again.'],
    action: offsets,
  });
}

type OffsetOptions = { readonly set?: number; readonly topic?: string; readonly partition?: number };

async function offsets(session: Session, command: Command): Promise<number> {
  const [sourceId = ''] = command.args;
  const { set, topic, partition } = command.opts<OffsetOptions>();
  return withApp(session, async ({ runtime, context }) => {
    const known = (await runtime.sourceStatus(context, sourceId))[0]?.partitions ?? [];
    if (set !== undefined) {
      const fitting = known.filter((each) => each.topic === (topic ?? each.topic) && each.partition === (partition ?? each.partition));
      const [only] = fitting;
      if (only === undefined || fitting.length > 1)
        throw new RiskflowError('usage', `source "${sourceId}" has ${fitting.length === 0 ? 'no such partition' : 'several partitions'}`, {
          hint: `name one with --topic and --partition: ${known.map((each) => `${each.topic}/${each.partition}`).join(', ')}`,
        });
      await runtime.moveSourceOffset(context, sourceId, { topic: only.topic, partition: only.partition, to: set });
    }
    const shown = set === undefined ? known : ((await runtime.sourceStatus(context, sourceId))[0]?.partitions ?? []);
    if (session.json) session.printJson({ sourceId, partitions: shown });
    else if (shown.length === 0) session.notice(`nothing of source ${sourceId} was read yet`);
    else {
      session.print(
        renderTable(
          [
            { title: 'topic', atMost: 60 },
            { title: 'partition', align: 'right' },
            { title: 'incarnation', align: 'right' },
            { title: 'read on from', align: 'right' },
            { title: 'end', align: 'right' },
            { title: 'position', atMost: 60 },
          ],
          shown.map((each) => [each.topic, each.partition, each.incarnation, each.nextOffset, each.end ?? '', each.position ?? '']),
        ),
      );
    }
    return 0;
  });
}
