import type { Command } from 'commander';
import type { Pairs } from '../options/pairs.ts';
import { labelCounts } from '../output/label-counts.ts';
import { withApp, type Session } from '../session.ts';

type ImportOptions = {
  readonly id?: string;
  readonly label?: string;
  readonly text?: string;
  readonly cluster?: string;
  readonly field?: Pairs;
  readonly keepValid?: boolean;
  readonly dedupe?: boolean;
};

/** Rejected rows that are listed one by one. */
const SHOWN = 10;

export async function importSamples(session: Session, command: Command): Promise<number> {
  const [set = '', path = ''] = command.args;
  const { id, label, text, cluster, field, keepValid = false, dedupe = false } = command.opts<ImportOptions>();
  const columns = {
    ...(id === undefined ? {} : { id }),
    ...(label === undefined ? {} : { label }),
    ...(text === undefined ? {} : { text }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(field === undefined ? {} : { fields: field }),
  };
  return withApp(session, async ({ runtime, context }) => {
    const { onProgress } = session;
    const imported = await runtime.importSamples(context, { set, path, columns, keepValid, dedupe, onProgress });
    const { sampleSet, version, rows, duplicates, rejected, labels, isNew } = imported;
    for (const row of rejected.slice(0, SHOWN)) session.warn(`line ${row.line} was left out: ${row.message}`);
    if (rejected.length > SHOWN) session.warn(`${rejected.length - SHOWN} more rows were left out`);
    if (session.json) {
      session.printJson({ sampleSet, version, rows, duplicates, rejected: rejected.length, rejectedRows: rejected, labels, isNew });
      return 0;
    }
    const dropped = dedupe ? 'left out' : 'kept';
    session.print(
      `${sampleSet} version ${version.slice(0, 12)} ${isNew ? 'is imported' : 'was there already'}: ${rows} samples, ${labelCounts(labels)}`,
    );
    if (duplicates > 0) session.print(`${duplicates} rows have the text of an earlier one and were ${dropped}`);
    return 0;
  });
}
