import { iterationDataSchema } from '../../../schemas/index.ts';
import { firstIssue } from '../../import/issues.ts';
import type { YamlPlain } from '../../import/yaml-values.ts';
import type { BehaviourResult } from '../../plan/behaviour-result.ts';

/** Dify's defaults where the file says nothing: one after the other, the first failure ends it, lists become one list. */
export function compileIteration(data: YamlPlain): BehaviourResult {
  const parsed = iterationDataSchema.safeParse(data);
  if (!parsed.success) return { ok: false, message: firstIssue(parsed.error) };
  const { iterator_selector, output_selector, is_parallel, parallel_nums, error_handle_mode, flatten_output } = parsed.data;
  if (is_parallel === true && parallel_nums !== null && parallel_nums !== undefined && parallel_nums < 1)
    return { ok: false, message: `parallel_nums is ${parallel_nums}: 1 or more was expected` };
  return {
    ok: true,
    warnings: [
      ...(iterator_selector.length < 2 ? ['it goes through no variable (iterator_selector): a run that reaches it fails'] : []),
      ...(output_selector.length < 2 ? ['it collects no variable (output_selector): every result is null'] : []),
    ],
    behaviour: {
      kind: 'iteration',
      config: {
        items: iterator_selector,
        output: output_selector,
        parallel: is_parallel === true ? (parallel_nums ?? 10) : 1,
        onError: error_handle_mode ?? 'terminated',
        flatten: flatten_output ?? true,
      },
    },
  };
}
