import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRiskflowError, toJsonText } from '../../schemas/core.ts';
import { readJsonObject } from './flow-inputs.ts';
import { decimalNumber, seedNumber, wholeNumber } from './numbers.ts';
import { pairs } from './pairs.ts';
import { checkPins, parsePins, pinsOf } from './pins.ts';
import { readSplitArguments } from './split-shares.ts';
import { variants } from './variants.ts';

/** The sentence of the error a call ends with. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isRiskflowError(error)) return error.message;
    throw error;
  }
  return 'not refused';
}

describe('numbers', () => {
  const whole = wholeNumber('--n', { min: 1, max: 100 });
  it.each([
    ['1', 1],
    ['100', 100],
    ['+7', 7],
    ['007', 7],
  ])('%s is %d', (text, n) => expect(whole(text)).toBe(n));
  it.each(['0', '101', '-1', '1.5', '1e2', '', ' ', 'x', '0x10', '９', 'Infinity', '9'.repeat(30)])(
    'refuses %j as a whole number',
    (text) => expect(refusal(() => whole(text))).toBe(`--n must be a whole number from 1 to 100, not "${text}"`),
  );
  const share = decimalNumber('--margin', { min: 0, max: 1 });
  it.each([
    ['0', 0],
    ['.01', 0.01],
    ['1', 1],
    ['1e-3', 0.001],
    ['0.50', 0.5],
  ])('%s is %d', (text, n) => expect(share(text)).toBe(n));
  it.each(['-0.1', '1.1', '1 %', '', 'NaN', '0,5'])('refuses %j as a share', (text) =>
    expect(refusal(() => share(text))).toBe(`--margin must be a number from 0 to 1, not "${text}"`),
  );
  it('takes every seed that an INTEGER of any database holds', () =>
    expect([seedNumber('0'), seedNumber('2147483647')]).toEqual([0, 2147483647]));
});

describe('pairs', () => {
  const read = pairs({ option: '--map', form: 'INPUT=FIELD' });
  it('collects, and only the first "=" divides', () => expect(read('b=x=y', read('a = 1', undefined))).toEqual({ a: '1', b: 'x=y' }));
  it.each(['a', '=x', 'a=', ' = '])('refuses %j', (text) =>
    expect(refusal(() => read(text, undefined))).toBe(`--map needs INPUT=FIELD, not "${text}"`),
  );
  it('refuses the same key twice', () => expect(refusal(() => read('a=2', { a: '1' }))).toBe('--map names "a" twice'));
  it('is not misled by names that objects have anyway', () => expect(read('constructor=x', {})).toEqual({ constructor: 'x' }));
  const models = pairs({ option: '--map-model', form: 'FROM=TO', models: true });
  it('wants models as PROVIDER/NAME', () => {
    expect(models('openai/gpt-4o=riskflow/classifier/sms@tune', undefined)).toEqual({ 'openai/gpt-4o': 'riskflow/classifier/sms@tune' });
    expect(refusal(() => models('gpt-4o=openai/gpt-4', undefined))).toContain('a model is written PROVIDER/NAME');
  });
});

describe('variants', () => {
  it('collects names', () => expect(variants('C=c.yml', variants('D=triage:1f', undefined))).toEqual({ C: 'c.yml', D: 'triage:1f' }));
  it.each(['A=x.yml', 'b=x.yml', 'C', 'a b=x.yml', `${'x'.repeat(41)}=y.yml`])('refuses %j', (text) =>
    expect(refusal(() => variants(text, undefined))).toMatch(/^--variant /),
  );
});

describe('readSplitArguments', () => {
  it.each([[['sms', '--tune', '0.3', '--test', '0.7']], [['--tune=0.3', '--test=0.7', 'sms']], [['--tune', '0.3', 'sms', '--test', '.7']]])(
    '%j',
    (args) => expect(readSplitArguments(args)).toEqual({ address: 'sms', shares: { tune: 0.3, test: 0.7 } }),
  );

  it('allows thirds, whose sum is not quite 1', () =>
    expect(readSplitArguments(['s', '--a', '0.33333', '--b', '0.33333', '--c', '0.33334']).shares).toEqual({
      a: 0.33333,
      b: 0.33333,
      c: 0.33334,
    }));

  it.each([
    [[], 'which sample set is to be split?'],
    [['sms'], 'into which parts, and with what shares?'],
    [['sms', '--tune'], '--tune needs a share, a number between 0 and 1'],
    [['sms', '--tune', 'x'], '--tune x: a share is a number above 0 and at most 1'],
    [['sms', '--tune', '0'], '--tune 0: a share is a number above 0 and at most 1'],
    [['sms', '--tune', '-1'], '--tune -1: a share is a number above 0 and at most 1'],
    [['sms', '--tune', '0.5', '--test', '0.6'], 'the shares add up to 1.1, which is more than 1'],
    [['sms', '--tune', '0.5', '--tune', '0.5'], '--tune is given twice'],
    [['sms', 'other', '--tune', '0.5'], 'only one sample set can be split at a time, not also "other"'],
    [['sms', '-t', '0.5'], 'unknown option "-t"'],
  ])('%j: %s', (args, sentence) => expect(refusal(() => readSplitArguments(args))).toBe(sentence));
});

describe('readJsonObject', () => {
  const read = (text: string) => readJsonObject(text, { what: '--inputs', hint: 'h' });
  it('keeps numbers as they are written', () => {
    expect(toJsonText(read('\ufeff{"a": 2.0, "b": 2, "c": 9007199254740993, "d": 1e2}'))).toBe(
      '{"a":2.0,"b":2,"c":9007199254740993,"d":100.0}',
    );
  });
  it.each([
    ['{"a": }', '--inputs is not valid JSON: a JSON value was expected (line 1, column 7)'],
    ['{\n "a": 1,\n}', '--inputs is not valid JSON: a key in double quotes was expected (line 3, column 1)'],
    ["{'a': 1}", '--inputs is not valid JSON: a key in double quotes was expected (line 1, column 2)'],
    ['', '--inputs is not valid JSON: the text ends too early (line 1, column 1)'],
    ['[1]', '--inputs must be a JSON object, not array'],
    ['"x"', '--inputs must be a JSON object, not string'],
  ])('%j: %s', (text, sentence) => expect(refusal(() => read(text))).toBe(sentence));
});

describe('pins', () => {
  const parse = (text: string) => parsePins(text, 'the pins file p.json');
  it('reads outputs in encoded form, errors, delays and chunks', () => {
    const text =
      '{"n1": {"outputs": {"x": 2.0, "1": "a"}, "delayMs": 5, "chunks": ["a", "b"]}, "type:llm": {"error": "no", "errorType": "E", "delayMs": 0.5}}';
    expect(parse(text)).toEqual({
      n1: {
        outputs: {
          $map: [
            ['x', { $float: 2 }],
            ['1', 'a'],
          ],
        },
        delayMs: 5,
        chunks: ['a', 'b'],
      },
      'type:llm': { error: 'no', errorType: 'E', delayMs: 0.5 },
    });
  });
  it.each([
    ['{"n": 1}', 'must be an object'],
    ['{"n": {}}', 'needs "outputs" or "error"'],
    ['{"n": {"output": {}}}', 'has the key "output", which is none of outputs, error, errorType, delayMs, chunks'],
    ['{"n": {"outputs": 1}}', 'needs an object as its "outputs"'],
    ['{"n": {"outputs": {}, "error": "x"}}', 'has both "outputs" and "error", and a node ends in one way only'],
    ['{"n": {"outputs": {}, "errorType": "x"}}', 'has an "errorType" without an "error"'],
    ['{"n": {"error": 5}}', 'needs text as its "error"'],
    ['{"n": {"error": "x", "errorType": 5}}', 'needs text as its "errorType"'],
    ['{"n": {"error": "x", "delayMs": -1}}', 'needs a number of milliseconds from 0 to one day as its "delayMs"'],
    ['{"n": {"error": "x", "delayMs": "1"}}', 'needs a number of milliseconds from 0 to one day as its "delayMs"'],
    ['{"n": {"error": "x", "chunks": [1]}}', 'needs a list of texts as its "chunks"'],
  ])('%s %s', (text, sentence) => expect(refusal(() => parse(text))).toBe(`the pins file p.json, pin "n" ${sentence}`));

  const nodes = [
    { id: '17', type: 'llm', title: 'Ask' },
    { id: 'end', type: 'end', title: '' },
  ];
  it('names the nodes there are when a pin fits none', () => {
    expect(refusal(() => checkPins({ '18': { error: 'x' } }, nodes))).toBe('--pin: no node has the id "18"');
    expect(refusal(() => checkPins({ 'type:code': { error: 'x' } }, nodes))).toBe(
      '--pin: no node has the type "code" of the pin "type:code"',
    );
    expect(refusal(() => checkPins({ '17': { error: 'x' }, 'type:llm': { error: 'x' } }, nodes))).toBe('not refused');
  });
  it('gives a flow only the pins that fit it', () => {
    expect(pinsOf(nodes, { '17': { error: 'a' }, '99': { error: 'b' }, 'type:end': { error: 'c' } })).toEqual({
      '17': { error: 'a' },
      'type:end': { error: 'c' },
    });
  });
  it('never fails otherwise, whatever JSON it is given', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        const before = refusal(() => readJsonObject(json, { what: 'it', hint: '' }));
        const sentence = refusal(() => parsePins(json, 'it'));
        expect(before === 'not refused' || sentence === before).toBe(true);
      }),
    );
  });
});
