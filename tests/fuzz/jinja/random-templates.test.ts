import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileTemplate, renderJinja, type CompiledTemplate } from '../../../flow/templates/index.ts';
import { isObject, parseJson, type ObjectValue } from '../../../schemas/index.ts';
import { findJinja, JINJA_VERSION, renderWithJinja } from './jinja-oracle.ts';
import { seededRandom } from './random.ts';
import { randomTemplate, TEMPLATE_CONTEXT } from './random-template.ts';

/** Templates that are compared with the real Jinja: RISKFLOW_FUZZ_RUNS makes them more, RISKFLOW_FUZZ_SEED others. */
const COUNT = Number(process.env['RISKFLOW_FUZZ_RUNS'] ?? 1_000);
const SEED = Number(process.env['RISKFLOW_FUZZ_SEED'] ?? 20_261_121);
/** Rows that scripts/jinja-golden.ts writes anew. */
const GOLDEN = join(import.meta.dirname, 'fixtures/golden-templates.json');
const GOLDEN_ROWS = 1_500;
const GOLDEN_SEED = 316;

function contextOf(text: string): ObjectValue {
  const parsed = parseJson(text);
  if (!parsed.ok || !isObject(parsed.value)) throw new Error('the context of the templates is no object');
  return parsed.value;
}
const CONTEXT = contextOf(TEMPLATE_CONTEXT);

function randomTemplates(count: number, seed: number): readonly string[] {
  const random = seededRandom(seed);
  const templates = new Set<string>();
  while (templates.size < count) templates.add(randomTemplate(random));
  return [...templates];
}

/** The text of a template, or null when it is refused or fails. Refusals are results, so that nothing may be thrown. */
function render(source: string): string | null {
  const compiled = compileTemplate(source);
  if (!compiled.ok) return null;
  const stored: CompiledTemplate = JSON.parse(JSON.stringify(compiled.template));
  const result = renderJinja(stored, CONTEXT);
  return result.ok ? result.text : null;
}

type Compared = { readonly wrong: readonly unknown[]; readonly rendered: number; readonly refused: number };

/** `wrong`: texts that Jinja does not give. `refused`: templates that Jinja renders and this engine does not. */
function compare(rows: readonly (readonly [template: string, text: string | null])[]): Compared {
  const ours = rows.map(([template]) => render(template));
  return {
    wrong: rows.flatMap(([template, text], i) =>
      ours[i] === null || ours[i] === text ? [] : [{ template, expected: text, text: ours[i] }],
    ),
    rendered: rows.filter(([, text]) => text !== null).length,
    refused: rows.filter(([, text], i) => text !== null && ours[i] === null).length,
  };
}

/** What the engine refuses is a small share of what Jinja renders, and random templates use everything there is. */
const MOST_REFUSED = 0.12;

const python = findJinja();
const named =
  python === undefined ? ` (skipped: there is no Python with Jinja2 ${JINJA_VERSION}; node scripts/jinja-golden.ts makes one)` : '';

describe('random templates render byte for byte as Jinja2 renders them', () => {
  it.skipIf(python === undefined)(`${COUNT} of them, compared with Jinja2 now${named}`, { timeout: 60_000 + COUNT * 10 }, () => {
    const templates = randomTemplates(COUNT, SEED);
    const rendered = renderWithJinja(python ?? '', TEMPLATE_CONTEXT, templates);
    const {
      wrong,
      rendered: texts,
      refused,
    } = compare(templates.flatMap((template, i) => (tookTooLong(rendered[i]) ? [] : [[template, textOf(rendered[i])] as const])));
    expect(wrong).toEqual([]);
    expect(texts).toBeGreaterThan(COUNT / 2);
    expect(refused).toBeLessThan(texts * MOST_REFUSED);
  });

  it('those of which Jinja2 was asked once', () => {
    if (process.env['RISKFLOW_WRITE_GOLDEN'] === '1') writeGolden();
    expect(existsSync(GOLDEN)).toBe(true);
    const golden = JSON.parse(readFileSync(GOLDEN, 'utf8')) as { readonly rows: readonly (readonly [string, string?])[] };
    expect(golden.rows.length).toBe(GOLDEN_ROWS);
    const { wrong, rendered: texts, refused } = compare(golden.rows.map(([template, text]) => [template, text ?? null]));
    expect(wrong).toEqual([]);
    expect(texts).toBeGreaterThan(GOLDEN_ROWS / 2);
    expect(refused).toBeLessThan(texts * MOST_REFUSED);
  });
});

type Answer = ReturnType<typeof renderWithJinja>[number] | undefined;
const textOf = (rendered: Answer): string | null => (rendered !== undefined && 'text' in rendered ? rendered.text : null);

/** A power too large to compute: Jinja would say something in the end, and nobody waits for it. */
const tookTooLong = (rendered: Answer): boolean => rendered !== undefined && 'error' in rendered && rendered.error.startsWith('TooLong');

function writeGolden(): void {
  if (python === undefined) throw new Error(`there is no Python with Jinja2 ${JINJA_VERSION} to ask`);
  const templates = randomTemplates(GOLDEN_ROWS, GOLDEN_SEED);
  const rendered = renderWithJinja(python, TEMPLATE_CONTEXT, templates);
  const rows = templates.map((template, i) => {
    const text = textOf(rendered[i]);
    return JSON.stringify(text === null ? [template] : [template, text]);
  });
  const about = `Random templates and what Jinja2 ${JINJA_VERSION} (SandboxedEnvironment, default settings) made of them: [template, text], without a text where it failed. The context is TEMPLATE_CONTEXT of random-template.ts. scripts/jinja-golden.ts writes this file.`;
  writeFileSync(GOLDEN, `{\n "_about": ${JSON.stringify(about)},\n "rows": [\n  ${rows.join(',\n  ')}\n ]\n}\n`);
}
