import { modelText, readModelText, type ModelName } from './provider-names.ts';

/** `--map-model`: "provider/name" replaced by "provider/name". */
export type ModelMap = Readonly<Record<string, string>>;

/** Reads `FROM=TO`. `FROM` ends at the first "=". Undefined when either side is not `provider/name`. */
export function readModelMapping(text: string): { readonly from: string; readonly to: string } | undefined {
  const at = text.indexOf('=');
  const [from, to] = [text.slice(0, Math.max(at, 0)).trim(), text.slice(at + 1).trim()];
  return readModelText(from) === undefined || readModelText(to) === undefined ? undefined : { from, to };
}

/**
 * The model that a map puts in the place of another, or the same one. A provider's long and short ids count as equal. What a map
 * gives is not looked up again: A=B, B=A swaps two models.
 *
 * @param configured ids of the providers of the configuration, to read the replacement by.
 */
export function mapModel(model: ModelName, map: ModelMap, configured: readonly string[] = []): ModelName {
  const wanted = modelText(model);
  for (const [from, to] of Object.entries(map)) {
    // A flow's "provider" and "name" run together may be read in several ways, so texts are compared and not their parts.
    const readings = [from, ...[readModelText(from, configured)].flatMap((read) => (read === undefined ? [] : [modelText(read)]))];
    if (readings.includes(wanted) || readings.includes(`${model.provider}/${model.name}`)) return readModelText(to, configured) ?? model;
  }
  return model;
}
