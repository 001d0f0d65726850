import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import { toJsonText, type Value } from '../../schemas/core.ts';
import { labelCounts } from '../output/label-counts.ts';
import { renderFacts, renderTable } from '../output/table.ts';
import { checkWritable } from '../read-text-file.ts';
import { withApp, type Session, type Work } from '../session.ts';

export async function listSamples(session: Session): Promise<number> {
  return withApp(session, async ({ runtime, context }) => {
    const sets = (await runtime.listSampleSets(context)).map(
      ({ set, version, split, parent, seed, rows, duplicates, rejected, labels, fieldNames, clusterField }) => ({
        sampleSet: set,
        version,
        split,
        parent,
        seed,
        rows,
        duplicates,
        rejected,
        labels,
        fields: fieldNames,
        cluster: clusterField,
      }),
    );
    if (session.json) session.printJson({ sampleSets: sets });
    else if (sets.length === 0) session.notice('there is no sample set yet: riskflow sample import NAME FILE.csv');
    else {
      const rows = sets.map((set) => [
        address(set.sampleSet, set.split),
        set.version.slice(0, 12),
        set.rows,
        set.duplicates,
        labelCounts(set.labels),
      ]);
      session.print(
        renderTable(
          [
            { title: 'sample set' },
            { title: 'version' },
            { title: 'samples', align: 'right' },
            { title: 'duplicates', align: 'right' },
            { title: 'labels', atMost: 100 },
          ],
          rows,
        ),
      );
    }
    return 0;
  });
}

const address = (set: string, split: string | null): string => (split === null ? set : `${set}@${split}`);

export async function showSamples(session: Session, command: Command): Promise<number> {
  const [wanted = ''] = command.args;
  return withApp(session, async ({ runtime, context }) => {
    const { set, texts, clusters } = await runtime.showSampleSet(context, wanted);
    if (session.json) {
      const { set: sampleSet, version, split, parent, seed, rows, duplicates, rejected, labels, fieldNames, textField, clusterField } = set;
      session.printJson({
        sampleSet,
        version,
        split,
        parent,
        seed,
        rows,
        texts,
        clusters,
        duplicates,
        rejected,
        labels,
        fields: fieldNames,
        text: textField,
        cluster: clusterField,
      });
      return 0;
    }
    session.print(
      renderFacts([
        ['sample set', address(set.set, set.split)],
        ['version', set.version],
        ...(set.parent === null ? [] : [['cut from', `${set.parent}, seed ${set.seed ?? 0}`] as const]),
        ['samples', `${set.rows}, ${texts} different texts`],
        ...(clusters === null ? [] : [['clusters', `${clusters} (${set.clusterField ?? ''})`] as const]),
        ['labels', labelCounts(set.labels)],
        ['fields', set.fieldNames.join(', ')],
        ...(set.rejected === 0 ? [] : [['left out', `${set.rejected} invalid rows`] as const]),
      ]),
    );
    return 0;
  });
}

export async function exportSamples(session: Session, command: Command): Promise<number> {
  const [wanted = ''] = command.args;
  const { out } = command.opts<{ out?: string }>();
  const path = out === undefined ? undefined : await checkWritable(session.terminal, { option: '--out', path: out });
  return withApp(session, async (work) => {
    if (path !== undefined) await exportToFile(session, work, { wanted, path });
    else if (session.json) await exportDocument(session, work, wanted);
    else for await (const line of sampleLines(work, wanted)) session.terminal.out.write(`${line}\n`);
    return 0;
  });
}

async function exportToFile(
  session: Session,
  work: Work,
  { wanted, path }: { readonly wanted: string; readonly path: string },
): Promise<void> {
  // An unknown set must not leave an empty file.
  const { set } = await work.runtime.showSampleSet(work.context, wanted);
  const file = await open(path, 'w');
  try {
    let done = 0;
    for await (const line of sampleLines(work, wanted)) {
      await file.write(`${line}\n`);
      session.onProgress({ label: `export ${wanted}`, done: ++done, total: set.rows });
    }
  } finally {
    await file.close();
  }
  if (session.json) session.printJson({ sampleSet: set.set, version: set.version, split: set.split, rows: set.rows, file: path });
  else session.print(`${set.rows} samples are written to ${path}`);
}

async function exportDocument(session: Session, work: Work, wanted: string): Promise<void> {
  const { set } = await work.runtime.showSampleSet(work.context, wanted);
  const samples: string[] = [];
  for await (const line of sampleLines(work, wanted)) samples.push(line);
  const head = { sampleSet: set.set, version: set.version, split: set.split, rows: set.rows };
  session.print(`${JSON.stringify(head).slice(0, -1)},"samples":[\n${samples.join(',\n')}\n]}`);
}

/** Samples as the import reads them: the fields as they are, with the id before and the label after them. */
async function* sampleLines({ runtime, context }: Work, wanted: string): AsyncGenerator<string, void> {
  for await (const { id, fields, label } of runtime.exportSamples(context, wanted)) {
    // A field that is itself named "id" or "label" beside an id or label from another column steps aside.
    const others = Array.from(fields, ([name, value]): [string, Value] => [
      name === 'id' || name === 'label' ? `field.${name}` : name,
      value,
    ]);
    yield toJsonText(new Map<string, Value>([['id', id], ...others, ['label', label]]));
  }
}
