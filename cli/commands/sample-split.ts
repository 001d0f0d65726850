import type { Command } from 'commander';
import { readSplitArguments } from '../options/split-shares.ts';
import { labelCounts } from '../output/label-counts.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session } from '../session.ts';

export const DEFAULT_SPLIT_SEED = 1;

export async function splitSamples(session: Session, command: Command): Promise<number> {
  const { address, shares } = readSplitArguments(command.args);
  const { seed = DEFAULT_SPLIT_SEED } = command.opts<{ seed?: number }>();
  return withApp(session, async ({ runtime, context }) => {
    const { sampleSet, version, splits } = await runtime.splitSampleSet(context, { address, ratios: shares, seed });
    if (session.json) {
      session.printJson({ sampleSet, version, seed, splits });
      return 0;
    }
    session.print(`${sampleSet} version ${version.slice(0, 12)} is split with seed ${seed}`);
    const rows = Object.entries(splits).map(([name, split]) => [
      `${sampleSet}@${name}`,
      split.version.slice(0, 12),
      split.rows,
      labelCounts(split.labels),
    ]);
    session.print(
      renderTable([{ title: 'split' }, { title: 'version' }, { title: 'samples', align: 'right' }, { title: 'labels', atMost: 100 }], rows),
    );
    return 0;
  });
}
