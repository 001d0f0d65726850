import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorText, readChatAnswer } from './chat-answer.ts';

const body = (message: unknown, rest: object = {}): string => JSON.stringify({ choices: [{ message, finish_reason: 'stop' }], ...rest });

describe('readChatAnswer', () => {
  it.each([
    ['a text', body({ content: 'ham' }), { text: 'ham', finishReason: 'stop', inputTokens: null, outputTokens: null }],
    ['no text', body({ content: null }), { text: '' }],
    [
      'parts',
      body({
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      }),
      { text: 'ab' },
    ],
    ['tokens', body({ content: '' }, { usage: { prompt_tokens: 3, completion_tokens: 0 } }), { inputTokens: 3, outputTokens: 0 }],
    [
      'tokens that are none',
      body({ content: '' }, { usage: { prompt_tokens: -1, completion_tokens: '4' } }),
      { inputTokens: null, outputTokens: null },
    ],
    ['a null error beside an answer', body({ content: 'x' }, { error: null }), { text: 'x' }],
  ])('%s', (_name, text, expected) => {
    expect(readChatAnswer(text)).toMatchObject({ ok: true, answer: expected });
  });

  it('a filtered answer is a refusal', () => {
    const filtered = JSON.stringify({ choices: [{ message: { content: '' }, finish_reason: 'content_filter' }] });
    expect(readChatAnswer(filtered)).toMatchObject({ ok: false, refused: true });
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.anything().map((message) => JSON.stringify({ choices: [{ message }] }) ?? ''),
        ),
        (text) => {
          const read = readChatAnswer(text);
          expect(read.ok ? read.answer.text : read.message).toBeTypeOf('string');
        },
      ),
    );
  });
});

it.each([
  [{ message: 'a' }, 'a'],
  [{ error: { message: 'b' } }, 'b'],
  [{ error: 'c' }, 'c'],
  [{ detail: 'd' }, 'd'],
  ['e', 'e'],
  ['', undefined],
  [{ message: { nested: true } }, undefined],
  [undefined, undefined],
  [[1], undefined],
])('errorText(%j)', (error, expected) => {
  expect(errorText(error)).toBe(expected);
});
