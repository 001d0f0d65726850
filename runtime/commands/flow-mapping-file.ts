import { readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { modelsOf, needsOf, yamlText, type FlowDefinition, type FlowMapping, type Plan } from '../../flow/index.ts';
import { mapModel, readModelText } from '../../models/index.ts';
import { flowMappingSchema, messageOf, objectOf, RiskflowError, type Value } from '../../schemas/index.ts';
import type { Settings } from '../settings.ts';
import { fileTrouble } from './flows.ts';

/** A mapping file (`--mapping`): what stands here for the models, knowledge bases and tools that a flow file names. */
export type MappingFile = {
  readonly models: Readonly<Record<string, string>>;
  readonly datasets: Readonly<Record<string, string>>;
  readonly tools: Readonly<Record<string, string>>;
};

const FORM = 'it has the form that flow validate FILE --write-mapping MAP.yml writes';

/** Reads one; entries that are null or empty are still to be filled in and map nothing. @throws RiskflowError in one sentence */
export async function readMappingFile(path: string): Promise<MappingFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new RiskflowError('not_found', `the mapping file ${path} cannot be read: ${fileTrouble(cause)}`, { cause });
  }
  let raw: unknown;
  try {
    raw = parse(text) ?? {};
  } catch (cause) {
    const [first = ''] = messageOf(cause).split('\n');
    throw new RiskflowError('invalid_file', `the mapping file ${path} is not valid YAML: ${first}`, { cause, hint: FORM });
  }
  const parsed = flowMappingSchema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = (issue?.path ?? []).map(String).join('.');
    throw new RiskflowError(
      'invalid_file',
      `the mapping file ${path} is not right: ${where === '' ? '' : `${where}: `}${issue?.message ?? ''}`,
      {
        hint: FORM,
      },
    );
  }
  const { models, datasets, tools } = parsed.data;
  return { models: filled(models), datasets: filled(datasets), tools: filled(tools) };
}

const filled = (given: Readonly<Record<string, string | null>> | null | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(given ?? {}).flatMap(([from, to]): readonly (readonly [string, string])[] =>
      to === null || to.trim() === '' ? [] : [[from, to.trim()]],
    ),
  );

/**
 * What a mapping file means for one flow. The models too, so that the flow's version says them; without for a run, which replaces models as
 * `--map-model` does. @throws RiskflowError `invalid_file` for a text that is no model or tool
 */
export function mappingFor(file: MappingFile, settings: Settings, { models }: { readonly models: boolean }) {
  const configured = Object.keys(settings.config.models ?? {});
  for (const to of Object.values(file.models))
    if (readModelText(to, configured) === undefined)
      throw new RiskflowError('invalid_file', `the mapping file maps a model to "${to}", which names none`, {
        hint: 'write PROVIDER/MODEL',
      });
  for (const to of Object.values(file.tools))
    if (!/^[^/].*\/[^/]+$/.test(to))
      throw new RiskflowError('invalid_file', `the mapping file maps a tool to "${to}", which names none`, { hint: 'write PROVIDER/TOOL' });
  return (definition: FlowDefinition): FlowMapping => ({
    datasets: file.datasets,
    tools: file.tools,
    ...(models ? { models: modelsFor(definition, file, configured) } : {}),
  });
}

function modelsFor(definition: FlowDefinition, file: MappingFile, configured: readonly string[]): NonNullable<FlowMapping['models']> {
  return Object.fromEntries(
    needsOf(definition)
      .flatMap((needs) => needs.models)
      .flatMap((model) => {
        const mapped = mapModel(model, file.models, configured);
        return mapped === model ? [] : [[`${model.provider}/${model.name}`, { provider: mapped.provider, name: mapped.name }] as const];
      }),
  );
}

/** The entries of a mapping file's `models` that a flow asks for: what `--map-model` would be given. */
export function modelMapFor(plan: Plan, file: MappingFile, settings: Settings): Readonly<Record<string, string>> {
  const configured = Object.keys(settings.config.models ?? {});
  const asked = modelsOf(plan, {}).map(({ model }) => model);
  return Object.fromEntries(
    Object.entries(file.models).filter(([from, to]) => asked.some((model) => mapModel(model, { [from]: to }, configured) !== model)),
  );
}

export type Needs = { readonly models: readonly string[]; readonly datasets: readonly string[]; readonly tools: readonly string[] };

/** Everything outside that a flow names, each once. */
export function allNeeds(definition: FlowDefinition): Needs {
  const needs = needsOf(definition);
  const once = (names: readonly string[]): readonly string[] => [...new Set(names)].toSorted();
  return {
    models: once(needs.flatMap(({ models }) => models.map(({ provider, name }) => `${provider}/${name}`))).filter((name) => name !== '/'),
    datasets: once(needs.flatMap(({ datasets }) => datasets)),
    tools: once(needs.flatMap(({ tools }) => tools)),
  };
}

const HEAD = `# What stands here for what the flow file names. Fill in the right side; what stays null is left as it is.
#   models:   PROVIDER/MODEL, such as openai/gpt-4o-mini or riskflow/classifier/reports@tune
#   datasets: the name of a knowledge base
#   tools:    PROVIDER/TOOL
`;

/** Writes a mapping file with an entry for everything that a flow names, still to be filled in. An existing file is not overwritten. */
export async function writeMappingFile(path: string, needs: Needs): Promise<void> {
  const empty = (names: readonly string[]): Value => objectOf(names.map((name) => [name, null]));
  const body = yamlText(
    objectOf([
      ['models', empty(needs.models)],
      ['datasets', empty(needs.datasets)],
      ['tools', empty(needs.tools)],
    ]),
  );
  try {
    await writeFile(path, HEAD + body, { flag: 'wx' });
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    const why = exists ? 'there is a file of that name' : fileTrouble(cause);
    throw new RiskflowError('usage', `the mapping file ${path} cannot be written: ${why}`, { cause, hint: 'name another file' });
  }
}
