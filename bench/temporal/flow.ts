import { dslText, startNode } from '../../flow/testing/dsl.ts';

/** What each of the five steps does, here and in the hand-written workflow. */
export const STEP_CODE = 'function main({ n }) { return { out: n + 1 }; }';

const STEPS = ['one', 'two', 'three', 'four', 'five'] as const;

/** A flow of five effects: code nodes, one after the other. */
export function fiveEffects(): string {
  const names = ['start', ...STEPS];
  const start = startNode();
  return dslText(
    [
      { ...start, variables: [{ variable: 'n', label: 'n', type: 'number', required: true }] },
      ...STEPS.map((id, i) => ({
        id,
        type: 'code',
        title: `Step ${id}`,
        code_language: 'javascript',
        code: STEP_CODE,
        variables: [{ variable: 'n', value_selector: [names[i], i === 0 ? 'n' : 'out'] }],
        outputs: { out: { type: 'number', children: null } },
      })),
      { id: 'end', type: 'end', outputs: [{ variable: 'out', value_selector: ['five', 'out'] }] },
    ],
    ['start -> one', 'one -> two', 'two -> three', 'three -> four', 'four -> five', 'five -> end'],
  );
}
