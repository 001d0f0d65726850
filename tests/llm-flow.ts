import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dslText, startNode } from '../flow/testing/dsl.ts';

/** A flow that asks a model for the label of a text. */
export const llmFlow = (prompt: string): string =>
  dslText(
    [
      startNode('text'),
      {
        id: 'llm',
        type: 'llm',
        model: { provider: 'openai', name: 'mock', mode: 'chat', completion_params: { temperature: 0 } },
        prompt_template: [{ role: 'user', text: `${prompt} {{#start.text#}}` }],
      },
      { id: 'end', type: 'end', outputs: [{ variable: 'label', value_selector: ['llm', 'text'] }] },
    ],
    ['start -> llm', 'llm -> end'],
  );

/** Two such flows with different prompts and a labelled sample file of different texts. */
export function writeLlmEvaluation(folder: string, samples: number): { readonly a: string; readonly b: string; readonly csv: string } {
  const files = { a: join(folder, 'a.yml'), b: join(folder, 'b.yml'), csv: join(folder, 'samples.csv') };
  writeFileSync(files.a, llmFlow('Variant a. Spam or ham?'));
  writeFileSync(files.b, llmFlow('Variant b. Is it spam or ham?'));
  const rows = Array.from(
    { length: samples },
    (_, i) => `s${i},${i % 3 === 0 ? 'spam' : 'ham'},report ${i} about offer ${(i * 7919) % 1009}`,
  );
  writeFileSync(files.csv, `id,label,text\n${rows.join('\n')}\n`);
  return files;
}
