import { createQuickJsRunner } from '../../sandbox/index.ts';
import type { CodeResult } from '../../schemas/index.ts';
import { ok, problem, type Judgement, type Subject } from './finding.ts';
import { within, type Answer } from './within.ts';

export const sandbox: Subject = {
  name: 'sandbox',
  examine: async ({ timeoutMs }) => {
    const runner = createQuickJsRunner({ threads: 1 });
    try {
      const code = 'function main({ n }) { return { n: n + 1 } }';
      const answer = within(
        timeoutMs,
        runner.run({ language: 'javascript', code, inputsJson: '{"n":1}', signal: AbortSignal.timeout(timeoutMs) }),
      );
      return [judgeSandbox(await answer)];
    } finally {
      await runner.close();
    }
  },
};

export function judgeSandbox(answer: Answer<CodeResult>): Judgement {
  const remedy = 'install the packages again: npm ci';
  if (answer === 'late') return problem('JavaScript', 'QuickJS did not answer', 'riskflow doctor --timeout 30 waits longer');
  if ('error' in answer) return problem('JavaScript', `QuickJS does not start: ${String(answer.error)}`, remedy);
  return answer.value.ok
    ? ok('JavaScript', 'QuickJS in WebAssembly, without files or network')
    : problem('JavaScript', 'QuickJS computes wrongly', remedy);
}
