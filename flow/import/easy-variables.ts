import { isObject, type ObjectValue, type Value } from '../../schemas/core.ts';
import { at, listAt, textAt } from './value-reading.ts';
import { toYamlPlain, type YamlPlain } from './yaml-values.ts';

export type EasyVariables = {
  readonly nodes: readonly YamlPlain[];
  readonly names: readonly string[];
  readonly notes: readonly string[];
};

const KNOWN: ReadonlySet<string> = new Set(['text-input', 'paragraph', 'select', 'number', 'checkbox', 'file', 'file-list', 'json_object']);

/**
 * The inputs of an app without a graph, as the start node declares them. `user_input_form` is a list of mappings with one key, the type:
 * `- text-input: {label, variable, required, max_length, default}`.
 */
export function easyVariables(config: ObjectValue): EasyVariables {
  const form = listAt(config, 'user_input_form').flatMap((item) => (isObject(item) ? [...item] : []));
  const external = listAt(config, 'external_data_tools').map((item): readonly [string, Value] => ['external_data_tool', item]);
  const nodes: YamlPlain[] = [];
  const names: string[] = [];
  const notes: string[] = [];
  for (const [type, field] of [...form, ...external]) {
    const name = textAt(field, 'variable');
    if (name === '' || names.includes(name)) continue;
    names.push(name);
    if (!KNOWN.has(type))
      notes.push(`the value of "${name}" came from an external data tool, which the file only names: it is an input now`);
    nodes.push(
      KNOWN.has(type)
        ? variableOf(type, field)
        : { variable: name, label: textAt(field, 'label') || name, type: 'paragraph', required: false },
    );
  }
  return { nodes, names, notes };
}

function variableOf(type: string, field: Value): YamlPlain {
  const given = Object.entries(Object.fromEntries(isObject(field) ? field : []));
  const fields = Object.fromEntries(given.map(([name, value]) => [name, toYamlPlain(value)]));
  return { ...fields, type, required: at(field, 'required') === true };
}
