import { describe, expect, it } from 'vitest';
import { isCorrect } from '../core.ts';
import { metricName, metricText, parseMetric } from './metric.ts';

describe('parseMetric', () => {
  it.each(['accuracy', 'macro-f1', 'recall:spam', 'precision:垃圾', 'f1:a:b', 'recall: x '])('reads %s and writes it back', (text) => {
    const result = parseMetric(text);
    expect(result.ok && metricText(result.metric)).toBe(text);
  });

  it.each([
    ['', 'there is no metric ""'],
    ['Accuracy', 'there is no metric "Accuracy"'],
    ['auc', 'there is no metric "auc"'],
    ['f2:spam', 'there is no metric "f2:spam"'],
    ['accuracy:spam', 'there is no metric "accuracy:spam"'],
    ['recall', 'the metric recall needs a label'],
    ['recall:', 'the metric recall needs a label'],
    ['recall:scam', 'the metric recall:scam names a label that no sample has'],
  ])('refuses %s in one sentence', (text, message) => {
    const result = parseMetric(text, ['ham', 'spam']);
    expect(result.ok ? '' : result.message).toBe(message);
    expect(result.ok ? '' : result.hint).toMatch(/^(use|for example|the labels are)/);
  });

  it('does not list hundreds of labels', () => {
    const result = parseMetric(
      'f1:x',
      Array.from({ length: 300 }, (_, i) => `label${i}`),
    );
    expect(result.ok ? '' : result.hint).toMatch(/label11 and 288 more$/);
  });

  it('has names for sentences', () => {
    const names = ['accuracy', 'macro-f1', 'f1:spam', 'recall:spam'].map((text) => {
      const result = parseMetric(text);
      return result.ok ? metricName(result.metric) : '';
    });
    expect(names).toEqual(['accuracy', 'macro F1', 'F1 of "spam"', 'recall of "spam"']);
  });
});

describe('isCorrect', () => {
  it('compares as text, and nothing is never right', () => {
    expect(isCorrect('spam', 'spam')).toBe(true);
    expect(isCorrect('spam', 'Spam')).toBe(false);
    expect(isCorrect('1', '1.0')).toBe(false);
    expect(isCorrect('spam', null)).toBe(false);
    expect(isCorrect(null, null)).toBe(false);
  });
});
