import { describe, expect, it } from 'vitest';
import type { TextClassifier } from '../../schemas/core.ts';
import { classOfText, enumAnswer } from './answers.ts';

const classifier: TextClassifier = {
  labels: ['ham', 'spam'],
  classify: (text) => ({ label: text === 'win' ? 'spam' : 'ham', probabilities: { ham: 0.2, spam: 0.8 } }),
};

describe('classOfText', () => {
  it('answers the class whose name is the label', () => {
    const classes = [
      { id: '1', name: 'ham' },
      { id: '2', name: ' spam ' },
      { id: '3', name: 'other' },
    ];
    expect(classOfText(classifier, 'win', classes)).toEqual({ ok: true, answer: { classId: '2', className: 'spam', probability: 0.8 } });
    expect(classOfText(classifier, 'hello', classes)).toMatchObject({ ok: true, answer: { classId: '1' } });
  });

  it('takes the first of classes with one name', () => {
    expect(
      classOfText(classifier, 'win', [
        { id: '1', name: 'spam' },
        { id: '2', name: 'spam' },
        { id: '3', name: 'ham' },
      ]),
    ).toMatchObject({ answer: { classId: '1' } });
  });

  it('fails when a label has no class, whatever the text', () => {
    const answer = classOfText(classifier, 'win', [
      { id: '1', name: 'Spam' },
      { id: '2', name: 'ham' },
    ]);
    expect(answer).toMatchObject({
      ok: false,
      failure: { retryable: false, message: expect.stringMatching(/"spam".*its classes are "Spam", "ham"/) as unknown },
    });
  });
});

describe('enumAnswer', () => {
  const schema = {
    type: 'object',
    properties: { verdict: { type: 'string', enum: ['spam', 'ham', 'unsure'] }, why: { type: 'string' } },
    required: ['verdict'],
  };

  it('writes the label into the property with the enum', () => {
    expect(enumAnswer(classifier, 'win', schema)).toEqual({ ok: true, answer: '{"verdict":"spam"}' });
  });

  it.each([
    ['no schema', null],
    ['a text', 'enum'],
    ['no enum', { properties: { verdict: { type: 'string' } } }],
    ['two enums', { properties: { a: { enum: ['ham', 'spam'] }, b: { enum: ['ham', 'spam'] } } }],
    ['something else required', { ...schema, required: ['verdict', 'why'] }],
    ['a label that is not allowed', { properties: { verdict: { enum: ['spam', 'clean'] } } }],
  ])('fails for %s', (_name, other) => {
    expect(enumAnswer(classifier, 'win', other)).toMatchObject({ ok: false, failure: { type: 'InvokeBadRequestError', retryable: false } });
  });
});
