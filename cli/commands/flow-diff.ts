import type { Command } from 'commander';
import type { FieldChange, FlowDiff, NamedDefinition } from '../../runtime/index.ts';
import { addVerb, type Dispatch } from '../declare.ts';
import { renderTable } from '../output/table.ts';
import { withApp, type Session } from '../session.ts';

export function addFlowDiff(flow: Command, dispatch: Dispatch): void {
  addVerb(flow, dispatch, {
    name: 'diff <A> <B>',
    summary: 'name the nodes, edges and variables that differ in meaning; layout and titles aside',
    args: { A: 'a Dify DSL file, or FLOW[:VERSION] of a published flow', B: 'the other' },
    examples: [
      'riskflow flow diff triage-v1.yml triage-v2.yml',
      'riskflow flow diff triage:3fa9 triage',
      'riskflow flow diff triage triage-v2.yml --json',
    ],
    notes: [
      'A node whose id is another in B is recognised by its meaning, or else by its type and title.',
      'Exit code 0, whether they differ or not; with --json "same" tells.',
    ],
    action: diff,
  });
}

async function diff(session: Session, command: Command): Promise<number> {
  const [a = '', b = ''] = command.args;
  return withApp(session, async ({ runtime, context }) => {
    const found = await runtime.flowDifference(context, { a, b });
    if (session.json) session.printJson({ a: nameOf(found.a), b: nameOf(found.b), ...found.diff });
    else session.print(textOf(found.diff, a, b));
    return 0;
  });
}

const nameOf = ({ reference, version, definition }: NamedDefinition) => ({ reference, flow: definition.name, version });

function textOf(diff: FlowDiff, a: string, b: string): string {
  if (diff.same) return `${a} and ${b} mean the same`;
  const rows = rowsOf(diff);
  const columns = [{ title: 'change' }, { title: 'what' }, { title: 'field' }, { title: a, atMost: 44 }, { title: b, atMost: 44 }];
  return renderTable(columns, rows);
}

type Row = readonly [change: string, what: string, field: string, before: string, after: string];

function rowsOf({ mode, nodes, edges, environment, conversation, features }: FlowDiff): readonly Row[] {
  const node = ({ id, title, type }: FlowDiff['nodes']['added'][number]): string =>
    `${type} ${title === id ? `"${id}"` : `"${title}" (${id})`}`;
  const edge = ({ source, handle, target }: FlowDiff['edges']['added'][number]): string =>
    `edge ${source}${handle === 'source' ? '' : ` [${handle}]`} → ${target}`;
  const fields = (what: string, changes: readonly FieldChange[], change = 'changed'): readonly Row[] =>
    changes.map((field, i) => [i === 0 ? change : '', i === 0 ? what : '', field.path, shown(field.before), shown(field.after)]);
  return [
    ...(mode === null ? [] : [['changed', 'app', 'mode', mode.before, mode.after] as const]),
    ...nodes.added.map((one): Row => ['added', node(one), '', '', '']),
    ...nodes.removed.map((one): Row => ['removed', node(one), '', '', '']),
    ...nodes.changed.flatMap((one) => fields(`${node(one)}${one.idAfter === null ? '' : `, now ${one.idAfter}`}`, one.fields)),
    ...edges.added.map((one): Row => ['added', edge(one), '', '', '']),
    ...edges.removed.map((one): Row => ['removed', edge(one), '', '', '']),
    ...environment.flatMap((one) => fields(`variable env.${one.name}`, one.fields, one.change)),
    ...conversation.flatMap((one) => fields(`variable conversation.${one.name}`, one.fields, one.change)),
    ...fields('features', features),
  ];
}

/** A value as one would write it; numbers of the encoded form as numbers. */
function shown(value: FieldChange['before']): string {
  if (value === undefined) return '–';
  if (typeof value === 'string') return value === '' ? '""' : value;
  return JSON.stringify(value).replaceAll(
    /\{"\$(?:int":"(-?\d+)"|float":(-?[\d.e+]+))\}/g,
    (_, int?: string, double?: string) => int ?? pointed(double ?? ''),
  );
}

const pointed = (double: string): string => (/[.e]/.test(double) ? double : `${double}.0`);
