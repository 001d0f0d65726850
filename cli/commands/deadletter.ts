import type { Command } from 'commander';
import { RiskflowError } from '../../schemas/core.ts';
import { addNoun, addVerb, option, type Dispatch } from '../declare.ts';
import { listenForInterruption } from '../interruption.ts';
import { pageOf, pageOptions, tellOfMore } from '../options/pages.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session } from '../session.ts';

export function addDeadletterCommands(program: Command, dispatch: Dispatch): void {
  const deadletter = addNoun(program, 'deadletter', 'look at records that could not be used, and use them after all');
  addVerb(deadletter, dispatch, {
    name: 'list',
    summary: 'list dead letters with the reason and their beginning',
    options: [...pageOptions('id'), option('--replayed', 'those that were replayed, too')],
    examples: ['riskflow deadletter list', 'riskflow deadletter list --source reports --json'],
    action: list,
  });
  addVerb(deadletter, dispatch, {
    name: 'replay <SOURCE>',
    summary: 'read dead letters again, with the settings and the flow that the source has now',
    args: { SOURCE: 'name of the source' },
    options: [
      option('--id <IDS>', 'only these, with commas between them (default: all that were not replayed)'),
      option('--value <JSON>', 'the record, instead of the bytes that came; of one dead letter'),
    ],
    examples: [
      'riskflow deadletter replay reports',
      `riskflow deadletter replay reports --id 7 --value '{"id": "r-7", "text": "you have won"}'`,
    ],
    notes: [
      'What can be used goes into the inbox, each once; `source start` or `riskflow start` decides it. Exit code 1 when some cannot be used still.',
    ],
    action: replay,
  });
}

async function list(session: Session, command: Command): Promise<number> {
  const page = pageOf(command);
  const { replayed = false } = command.opts<{ replayed?: boolean }>();
  return withApp(session, async ({ runtime, context }) => {
    const letters = await runtime.listDeadLetters(context, { ...page, replayed });
    if (session.json)
      session.printJson({ deadLetters: letters.map((letter) => ({ ...letter, receivedAt: new Date(letter.receivedAt).toISOString() })) });
    else if (letters.length === 0) session.notice('there are no dead letters');
    else {
      const rows = letters.map(({ id, sourceId, topic, partition, offset, stage, reason, text, replayedAs }) => [
        id,
        sourceId,
        `${topic}/${partition} ${offset}`,
        stage,
        replayedAs === null ? reason : `replayed as ${replayedAs}`,
        text,
      ]);
      session.print(
        renderTable(
          [
            { title: 'id', align: 'right' },
            { title: 'source' },
            { title: 'at', atMost: 40 },
            { title: 'stage' },
            { title: 'reason', atMost: 80 },
            { title: 'begins with' },
          ],
          rows,
        ),
      );
    }
    tellOfMore(
      session,
      page.limit,
      letters.map(({ id }) => ({ n: id })),
    );
    return 0;
  });
}

function idsOf(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  const ids = text.split(',').map((part) => part.trim());
  if (ids.every((id) => /^\d{1,15}$/.test(id))) return ids.map(Number);
  throw new RiskflowError('usage', `--id must be numbers with commas between them, not "${text}"`, {
    hint: 'riskflow deadletter list shows them',
  });
}

async function replay(session: Session, command: Command): Promise<number> {
  const [sourceId = ''] = command.args;
  const { id, value } = command.opts<{ id?: string; value?: string }>();
  const ids = idsOf(id);
  const { signal, stopListening } = listenForInterruption(() => ({
    sentence: 'the replay was interrupted; what was replayed is stored',
    hint: 'the same command goes on with the others',
  }));
  try {
    return await withApp(session, async ({ runtime, context }) => {
      const replayed = await runtime.replayDeadLetters(context, {
        sourceId,
        signal,
        onProgress: session.onProgress,
        ...(ids === undefined ? {} : { ids }),
        ...(value === undefined ? {} : { value }),
      });
      if (session.json) session.printJson(replayed);
      else {
        const skipped = replayed.skipped === 0 ? '' : `, ${replayed.skipped} are left out by the filter`;
        session.print(`${replayed.replayed} dead letters are records now${skipped}; ${replayed.leftCount} cannot be used still`);
        for (const left of replayed.left) session.warn(`${left.id}: ${left.reason}`);
      }
      return replayed.leftCount === 0 ? 0 : 1;
    });
  } finally {
    stopListening();
  }
}
