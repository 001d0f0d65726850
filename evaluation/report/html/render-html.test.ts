import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportInput } from '../test-report.ts';
import { renderHtml } from './render-html.ts';

const VOID = new Set(['meta', 'rect', 'line', 'circle']);
const ELEMENTS = new Set(
  'html head meta title style body header main footer section div p h1 h2 h3 dl dt dd ul li b i q small span bdi code table caption thead tbody tr th td figure figcaption svg rect line circle text details summary'.split(
    ' ',
  ),
);

/** A strict reader of what the report is made of: throws when tags do not match or an attribute is not quoted. */
function elementsOf(page: string): readonly { readonly name: string; readonly attributes: ReadonlyMap<string, string> }[] {
  const body = page.replace(/^<!doctype html>/, '').replace(/<style>[^<]*<\/style>/, '<style></style>');
  const open: string[] = [];
  const found: { name: string; attributes: Map<string, string> }[] = [];
  const tags = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z][a-zA-Z0-9-]*="[^"<>]*")*)\s*\/?>/g;
  for (const [, slash, name = '', attributes = ''] of body.matchAll(tags)) {
    if (slash === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> closes something else`);
      continue;
    }
    found.push({
      name,
      attributes: new Map([...attributes.matchAll(/([a-zA-Z-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value])),
    });
    if (!VOID.has(name)) open.push(name);
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(' ')}`);
  if (/[<>]/.test(body.replace(tags, ''))) throw new Error('a bracket that is no tag');
  return found;
}

describe('renderHtml', () => {
  const page = renderHtml(reportInput({ notes: ['Flow B may race.'] }));

  it('is well-formed, of known elements, without script, links or anything loaded', () => {
    const elements = elementsOf(page);
    for (const { name, attributes } of elements) {
      expect(ELEMENTS.has(name)).toBe(true);
      for (const key of attributes.keys()) expect(key).not.toMatch(/^(on|src|href|action|data)/);
    }
    expect(page).not.toMatch(/https?:|url\(|@import/);
    const policy = elements.find(({ attributes }) => attributes.get('http-equiv') === 'Content-Security-Policy');
    expect(policy?.attributes.get('content')).toContain("default-src 'none'; style-src 'unsafe-inline'".replaceAll("'", '&#39;'));
    expect(elements.some(({ attributes }) => attributes.get('name') === 'viewport')).toBe(true);
  });

  it('says the verdict, the numbers and how to count them again', () => {
    for (const text of [
      'PASS',
      'B is at least',
      'B.yml',
      'Flow B may race.',
      'took 48.2 s',
      '26 samples gained',
      '1 sample lost',
      'the model did not answer',
      'I cannot say',
      '2 rows repeat the text of another',
      './riskflow eval show ev-1 --results --json',
      'Newcombe 1998',
    ]) {
      expect(page).toContain(text);
    }
  });

  it('can be read without seeing: captions, scopes, names of plots, one main heading', () => {
    const elements = elementsOf(page);
    const tables = elements.filter(({ name }) => name === 'table').length;
    expect(elements.filter(({ name }) => name === 'caption')).toHaveLength(tables);
    expect(elements.filter(({ name }) => name === 'th').every(({ attributes }) => attributes.has('scope'))).toBe(true);
    const plots = elements.filter(({ name }) => name === 'svg');
    expect(plots.length).toBeGreaterThan(2);
    expect(plots.every(({ attributes }) => attributes.get('role') === 'img' && (attributes.get('aria-label')?.length ?? 0) > 20)).toBe(
      true,
    );
    expect(elements.filter(({ name }) => name === 'h1')).toHaveLength(1);
    expect(elements.find(({ name }) => name === 'html')?.attributes.get('lang')).toBe('en');
  });

  it('shows hostile texts as text, wherever they come from', () => {
    const hostile = '<script>alert(1)</script><img src=x onerror="alert(1)">\'`&amp;\u202e\u0000"';
    const input = reportInput({ text: hostile, label: hostile, prediction: `${hostile}2`, notes: [hostile] });
    const shown = renderHtml({ ...input, summary: { ...input.summary, sampleSet: hostile, id: hostile, sentence: hostile } });
    const names = new Set(elementsOf(shown).map(({ name }) => name));
    expect(names.has('script') || names.has('img')).toBe(false);
    expect(shown).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(shown).not.toMatch(/[\u202e\u0000]/);
  });

  it('is well-formed for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ minLength: 1 }), (text, label) => {
        elementsOf(renderHtml(reportInput({ text, label, prediction: text, options: { metric: `recall:${label}` } })));
      }),
      { numRuns: 25 },
    );
  });

  it('cuts long texts and says how many flips it leaves out', () => {
    const input = reportInput({ text: 'x'.repeat(2000) });
    expect(renderHtml(input)).toContain(`>${'x'.repeat(499)}…<`);
    const flips = { ...input.summary.flips, samples: input.summary.flips.samples.filter((flip) => flip.kind === 'lost') };
    const few = { ...input, summary: { ...input.summary, flips: { ...flips, leftOut: 26 } } };
    expect(renderHtml(few)).toContain('26 more are not listed here.');
  });

  it.each([
    ['one variant', { variants: ['A'] }],
    ['three variants and repeats missing', { variants: ['A', 'B', 'C'] }],
    ['nothing finished', { options: { repeats: 2 } }],
  ])('has something to show for %s', (_, change) => {
    const shown = renderHtml(reportInput(change));
    expect(elementsOf(shown).length).toBeGreaterThan(50);
    expect(shown).not.toMatch(/NaN|undefined<|Infinity|\[object/);
  });
});
