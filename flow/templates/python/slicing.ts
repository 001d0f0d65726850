import { rangeLength } from './compare.ts';
import { codePoints, sequenceItems } from './iterate.ts';
import { toIndex } from './numbers.ts';
import { fail, isList, isMarkup, isPyObject, isUndefined, markup, textOf, tuple, typeName, type Budget, type Py } from './values.ts';

export type SliceBounds = { readonly start: Py; readonly stop: Py; readonly step: Py };

/** `value[start:stop:step]` of Python; null bounds are left out. @throws TemplateFailure for what cannot be cut */
export function sliceValue(value: Py, bounds: SliceBounds, budget: Budget): Py {
  const text = textOf(value);
  if (text !== undefined) {
    const characters = codePoints(text);
    const cut = positions(bounds, characters.length)
      .map((at) => characters[at] ?? '')
      .join('');
    return isMarkup(value) ? markup(cut) : cut;
  }
  const items = sequenceItems(value);
  if (items !== undefined) {
    const cut = positions(bounds, items.length).map((at) => items[at] ?? null);
    budget.spend(cut.length);
    return isList(value) ? cut : tuple(cut);
  }
  if (isPyObject(value) && value.kind === 'range') {
    const { start, stop, step } = resolve(bounds, rangeLength(value));
    return { kind: 'range', start: value.start + start * value.step, stop: value.start + stop * value.step, step: value.step * step };
  }
  if (isUndefined(value)) return fail('UndefinedError', value.message);
  return fail('TypeError', `a ${typeName(value)} cannot be cut`);
}

function resolve(
  { start, stop, step }: SliceBounds,
  length: number,
): { readonly start: number; readonly stop: number; readonly step: number } {
  const stride = step === null ? 1 : toIndex(step, 'the step of a slice');
  if (stride === 0) return fail('ValueError', 'the step of a slice is zero');
  const [lowest, highest] = stride > 0 ? [0, length] : [-1, length - 1];
  const bound = (value: Py, otherwise: number): number => {
    if (value === null) return otherwise;
    const at = toIndex(value, 'a bound of a slice');
    return Math.min(Math.max(at < 0 ? at + length : at, lowest), highest);
  };
  return { start: bound(start, stride > 0 ? lowest : highest), stop: bound(stop, stride > 0 ? highest : lowest), step: stride };
}

function positions(bounds: SliceBounds, length: number): number[] {
  const { start, stop, step } = resolve(bounds, length);
  const result: number[] = [];
  for (let at = start; step > 0 ? at < stop : at > stop; at += step) result.push(at);
  return result;
}
