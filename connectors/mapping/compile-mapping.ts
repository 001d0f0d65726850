import type { FieldExpression, RecordSettings } from '../../schemas/index.ts';
import { compileExpression } from './expression.ts';
import { compileFilter, type Filter } from './filter.ts';
import type { CompiledExpression, ExpressionProblem } from './record-view.ts';

/** The record settings of a source, compiled. Null: the settings say nothing about it. */
export type Mapping = {
  /** By start variable; others take the field of their name. */
  readonly inputs: ReadonlyMap<string, CompiledExpression>;
  readonly query: CompiledExpression | null;
  readonly key: CompiledExpression | null;
  readonly subject: CompiledExpression | null;
  readonly category: CompiledExpression | null;
  readonly reporter: CompiledExpression | null;
  readonly eventTime: CompiledExpression | null;
  readonly text: CompiledExpression | null;
  readonly filter: Filter | null;
  readonly samplingRate: number;
};

/** What is wrong with the settings: where (`record.filter.conditions[0].operator`), what, and how to mend it. */
export type MappingProblem = ExpressionProblem & { readonly where: string };
export type MappingResult =
  { readonly ok: true; readonly mapping: Mapping } | { readonly ok: false; readonly problems: readonly MappingProblem[] };

/** Compiles the settings once for all records, or tells everything that is wrong with them. */
export function compileMapping(settings: RecordSettings): MappingResult {
  const problems: MappingProblem[] = [];
  const compile = (where: string, expression: FieldExpression | undefined): CompiledExpression | null => {
    if (expression === undefined) return null;
    const result = compileExpression(expression);
    if (result.ok) return result.expression;
    problems.push({ where: `record.${where}`, ...result.problem });
    return null;
  };
  const inputs = new Map<string, CompiledExpression>();
  for (const [name, expression] of Object.entries(settings.inputs)) {
    const compiled = compile(`inputs.${name}`, expression);
    if (compiled !== null) inputs.set(name, compiled);
  }
  const mapping: Mapping = {
    inputs,
    query: compile('query', settings.query),
    key: compile('key', settings.key),
    subject: compile('subject', settings.subject),
    category: compile('category', settings.category),
    reporter: compile('reporter', settings.reporter),
    eventTime: compile('eventTime', settings.eventTime),
    text: compile('text', settings.text),
    filter: filterOf(settings, problems),
    samplingRate: settings.samplingRate,
  };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, mapping };
}

function filterOf({ filter }: RecordSettings, problems: MappingProblem[]): Filter | null {
  if (filter === undefined) return null;
  const result = compileFilter(filter);
  if ('filter' in result) return result.filter;
  problems.push(...result.problems.map((problem) => ({ ...problem, where: `record.filter.${problem.where}` })));
  return null;
}

/** Whether anything looks at the key, the headers or the timestamp, so that they have to be kept with the record (`encodeMeta`). */
export function metaNeeded(mapping: Mapping): boolean {
  const { inputs, query, key, subject, category, reporter, eventTime, text, filter } = mapping;
  return [...inputs.values(), query, key, subject, category, reporter, eventTime, text, filter].some((part) => part?.readsMeta === true);
}
