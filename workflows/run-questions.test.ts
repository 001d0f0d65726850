import { describe, expect, it } from 'vitest';
import type { Effect } from '../schemas/core.ts';
import { RunQuestions } from './run-questions.ts';

const effect = (nodeId: string, effectId = `${nodeId}#1`): Effect => ({
  effectId,
  runId: 'r',
  flowVersion: 'v',
  nodeId,
  nodeType: 'human-input',
  title: `Ask ${nodeId}`,
  attempt: 1,
  delayMs: 0,
  secrets: [],
  contentKey: null,
  request: { kind: 'human-input', timeoutMs: null, askedAt: 0 },
});
const [a, b] = [effect('a'), effect('b')];
const ids = (effects: readonly Effect[]): readonly string[] => effects.map(({ effectId }) => effectId);

describe('RunQuestions', () => {
  it('looks at what waits when word comes, once', () => {
    const questions = new RunQuestions();
    expect(questions.isEmpty).toBe(true);
    expect(questions.waits(a, null)).toBe(false);
    expect(questions.waits(b, null)).toBe(false);
    expect(ids(questions.look(true))).toEqual(['a#1', 'b#1']);
    expect(questions.isEmpty).toBe(true);
    // The word was about the other.
    expect(questions.waits(b, null)).toBe(false);
  });

  it.each([
    { when: 'it is looked at for the first time', before: (questions: RunQuestions) => void questions },
    {
      when: 'it is looked at again, while another waits',
      before: (questions: RunQuestions) => (questions.waits(a, null), questions.look(false), questions.waits(b, null)),
    },
    {
      when: 'it is looked at, and nothing else waits',
      before: (questions: RunQuestions) => (questions.waits(a, null), questions.look(false)),
    },
  ])('looks again at a question when word comes while $when', ({ before }) => {
    const questions = new RunQuestions();
    before(questions);
    questions.look(true);
    expect(questions.waits(a, null)).toBe(true);
    // That is the second look, which began after the word.
    expect(ids(questions.look(false))).toContain('a#1');
    expect(questions.waits(a, null)).toBe(false);
  });

  it('does so for each of several questions', () => {
    const questions = new RunQuestions();
    questions.look(true);
    expect([questions.waits(a, null), questions.waits(b, null)]).toEqual([true, true]);
  });

  it('without any word looks after a minute, then ever more seldom, at least every hour', () => {
    const questions = new RunQuestions();
    const pauses = Array.from({ length: 9 }, () => {
      questions.waits(a, null);
      const { ms } = questions.pause(0);
      expect(ids(questions.look(false))).toEqual(['a#1']);
      return ms / 60_000;
    });
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it('looks no later than the first time for an answer ends, and says who is asked until when', () => {
    const questions = new RunQuestions();
    questions.waits(a, 5_000);
    questions.waits(effect('a', 'a#2'), null);
    questions.waits(b, 9_000);
    expect(questions.pause(1_000)).toEqual({
      ms: 4_000,
      data: { reason: 'waits for a person: Ask a, Ask b', until: 5_000, nodes: ['a', 'b'], at: 1_000 },
    });
    expect(questions.pause(6_000).ms).toBe(0);
  });
});
