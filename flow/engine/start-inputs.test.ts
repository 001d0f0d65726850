import { describe, expect, it } from 'vitest';
import type { Value } from '../../schemas/core.ts';
import { flowOf } from '../testing/dsl.ts';
import { checkInputs } from './start-inputs.ts';

type Variable = Readonly<Record<string, unknown>>;
const check = (variable: Variable, given: Value | undefined) => {
  const { plan } = flowOf([{ id: 'start', type: 'start', variables: [{ variable: 'v', label: 'v', required: false, ...variable }] }], []);
  const checked = checkInputs(
    plan,
    new Map(
      given === undefined
        ? [['unknown', 'dropped']]
        : [
            ['v', given],
            ['unknown', 'dropped'],
          ],
    ),
  );
  if (checked.ok) expect([...checked.inputs.keys()]).toEqual(['v']);
  return checked.ok ? checked.inputs.get('v') : checked.message;
};

const text = { type: 'paragraph' };
const number = { type: 'number' };
const required = { required: true };

describe('checkInputs', () => {
  it.each<readonly [string, Variable, Value | undefined, unknown]>([
    ['text', text, 'x', 'x'],
    ['text that is missing', text, undefined, null],
    ['text with a default', { ...text, default: 'd' }, undefined, 'd'],
    ['null takes the default', { ...text, default: 'd' }, null, 'd'],
    ['required and missing', { ...text, ...required }, undefined, 'input "v" is required'],
    ['required and empty', { ...text, ...required }, '', 'input "v" is required and must not be empty'],
    ['a number for a text', text, 5, 'input "v" must be text, not integer'],
    ['text as long as allowed, in code points', { ...text, max_length: 3 }, '😀😀😀', '😀😀😀'],
    ['text too long', { ...text, max_length: 3 }, 'abcd', 'input "v" is 4 characters long, at most 3 are allowed (max_length)'],
    ['a choice', { type: 'select', options: ['a', 'b'] }, 'b', 'b'],
    ['no choice', { type: 'select', options: ['a', 'b'] }, 'c', 'input "v" must be one of "a", "b"'],
    ['an integer', number, 5, 5],
    ['a float', number, { float: 5 }, { float: 5 }],
    ['an integer as text', number, ' 12 ', 12],
    ['a large integer as text', number, '9007199254740993', 9007199254740993n],
    ['a float as text', number, '2.0', { float: 2 }],
    ['underscores between digits', number, '1_000', 1000],
    ['digits of another script', number, '٤٢', 42],
    ['an exponent with a point', number, '1.e5', { float: 100000 }],
    ['a float with blanks and underscores', number, '\xa0-1_0.5\n', -10.5],
    ['a float beyond the range of doubles', number, '1.0e999', { float: Number.POSITIVE_INFINITY }],
    ...['1e5', '0x10', 'Infinity', 'inf', 'nan', '1__0', '.', '1.5.2', '0x1.8', '\x1c5'].map(
      (given) => [`no number: ${JSON.stringify(given)}`, number, given, `input "v" must be a number, not the text "${given}"`] as const,
    ),
    ['blanks as a number', number, ' \x1c\n', null],
    ['empty text as a number', number, '', null],
    ['no number', number, 'many', 'input "v" must be a number, not the text "many"'],
    ['a boolean as a number', number, true, 'input "v" must be a number, not boolean'],
    ['a checkbox', { type: 'checkbox' }, true, true],
    ['a checkbox that is missing', { type: 'checkbox' }, undefined, false],
    ['text as a checkbox', { type: 'checkbox' }, 'true', 'input "v" must be true or false, not string'],
    ['an object', { type: 'json_object' }, new Map([['a', 1]]), new Map([['a', 1]])],
    ['an object as text', { type: 'json_object' }, '{"a": 1}', new Map([['a', 1]])],
    ['no object', { type: 'json_object' }, '[1]', 'input "v" must be a JSON object'],
    [
      'a type that cannot be given yet',
      { type: 'external_data_tool' },
      'x',
      'input "v" has the type "external_data_tool", which cannot be given in this version of Riskflow',
    ],
  ])('%s', (_, variable, given, expected) => expect(check(variable, given)).toEqual(expected));
});
