import { formatValue } from './format-spec.ts';
import { escapeHtml } from './markup.ts';
import { asciiOf } from './percent-format.ts';
import { repr, toText } from './printing.ts';
import { fail, isDict, isMarkup, type Arguments, type Budget, type Py } from './values.ts';

/** How fields reach into values: `{0.name}` and `{0[key]}`. */
export type Reach = {
  attribute(value: Py, name: string, budget: Budget): Py;
  item(value: Py, key: Py, budget: Budget): Py;
};

export type FormatSource = {
  readonly format: string;
  /** Whether the format is safe HTML, so that texts have to be escaped. */ readonly safe: boolean;
  readonly reach: Reach;
};

type Piece = { readonly text: string } | { readonly field: string; readonly conversion: string; readonly spec: string };

const FIELD_HEAD = /^([^.[]*)/;
const FIELD_STEP = /\.([^.[]+)|\[([^\]]+)\](?=[.[]|$)/y;
const INDEX = /^\d+$/;

/** Counts fields without a number; numbered and unnumbered fields cannot be mixed. */
type Numbering = { next: number; explicit: boolean | undefined };

type FormatCall = Omit<FormatSource, 'format'> & { readonly args: Arguments; readonly budget: Budget; readonly numbering: Numbering };

/** `str.format` of Python. @throws TemplateFailure */
export function formatText({ format, safe, reach }: FormatSource, args: Arguments, budget: Budget): string {
  return budget.text(render(format, { args, safe, reach, budget, numbering: { next: 0, explicit: undefined } }, 2));
}

/** `str.format_map` of Python: the values of the fields come from a dict. */
export function formatTextWithMap(source: FormatSource, args: Arguments, budget: Budget): string {
  const [mapping, ...more] = args.positional;
  if (mapping === undefined || more.length > 0 || args.named.size > 0 || !isDict(mapping))
    return fail('TypeError', 'format_map() needs one dict');
  const named = new Map(Array.from(mapping).flatMap(([key, value]): [string, Py][] => (typeof key === 'string' ? [[key, value]] : [])));
  return formatText(source, { positional: [], named }, budget);
}

function render(format: string, call: FormatCall, depth: number): string {
  if (depth < 0) return fail('ValueError', 'the fields of a format are nested too deep');
  let result = '';
  for (const piece of piecesOf(format)) {
    call.budget.spend(1);
    result += 'text' in piece ? piece.text : renderField(piece, call, depth);
  }
  return result;
}

function renderField({ field, conversion, spec }: Exclude<Piece, { readonly text: string }>, call: FormatCall, depth: number): string {
  const value = converted(fieldValue(numbered(field, call.numbering), call), conversion, call.budget);
  const plainSpec = spec.includes('{') || spec.includes('}') ? render(spec, call, depth - 1) : spec;
  if (!call.safe) return formatValue(value, plainSpec, call.budget);
  if (isMarkup(value)) return plainSpec === '' ? value.text : fail('ValueError', 'text marked as safe cannot be formatted');
  return escapeHtml(formatValue(value, plainSpec, call.budget));
}

function converted(value: Py, conversion: string, budget: Budget): Py {
  switch (conversion) {
    case '':
      return value;
    case 's':
      return toText(value, budget);
    case 'r':
      return repr(value, budget);
    case 'a':
      return asciiOf(repr(value, budget));
    default:
      return fail('ValueError', `"!${conversion}" is not a conversion of a format`);
  }
}

function numbered(field: string, numbering: Numbering): string {
  if (field !== '' && !INDEX.test(field)) return field;
  const explicit = field !== '';
  if (numbering.explicit !== undefined && numbering.explicit !== explicit) {
    return fail('ValueError', 'a format cannot mix fields with and without numbers');
  }
  numbering.explicit = explicit;
  return explicit ? field : String(numbering.next++);
}

function fieldValue(field: string, { args, budget, reach }: FormatCall): Py {
  const head = FIELD_HEAD.exec(field)?.[1] ?? '';
  const start = INDEX.test(head) ? args.positional[Number(head)] : args.named.get(head);
  let value = start === undefined ? fail('KeyError', `the format has no value for "${head}"`) : start;
  let at = head.length;
  while (at < field.length) {
    FIELD_STEP.lastIndex = at;
    const step = FIELD_STEP.exec(field);
    if (step === null) return fail('ValueError', `the field "${field}" of a format cannot be read`);
    const [all, attribute, index = ''] = step;
    value =
      attribute === undefined
        ? reach.item(value, INDEX.test(index) ? Number(index) : index, budget)
        : reach.attribute(value, attribute, budget);
    at += all.length;
  }
  return value;
}

/** Cuts a format into text and fields. `{{` and `}}` are braces. */
function piecesOf(format: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let text = '';
  while (at < format.length) {
    const char = format[at] ?? '';
    if ((char === '{' || char === '}') && format[at + 1] === char) {
      text += char;
      at += 2;
    } else if (char === '}') {
      return fail('ValueError', 'a "}" stands alone in a format: write "}}"');
    } else if (char === '{') {
      const end = fieldEnd(format, at);
      if (text !== '') pieces.push({ text });
      pieces.push(parseField(format.slice(at + 1, end)));
      text = '';
      at = end + 1;
    } else {
      text += char;
      at++;
    }
  }
  return text === '' ? pieces : [...pieces, { text }];
}

function fieldEnd(format: string, start: number): number {
  let depth = 0;
  for (let at = start; at < format.length; at++) {
    if (format[at] === '{') depth++;
    if (format[at] === '}' && --depth === 0) return at;
  }
  return fail('ValueError', 'a "{" is not closed in a format: write "{{" for a brace');
}

const FIELD = /^((?:[^![:{}]|\[[^\]]*\])*)(?:!([^:]*))?(?::([^]*))?$/;

function parseField(source: string): Piece {
  const match = FIELD.exec(source);
  if (match === null) return fail('ValueError', `the field "${source}" of a format cannot be read`);
  if (match[2] !== undefined && match[2].length !== 1) return fail('ValueError', 'a conversion of a format is one letter');
  return { field: match[1] ?? '', conversion: match[2] ?? '', spec: match[3] ?? '' };
}
