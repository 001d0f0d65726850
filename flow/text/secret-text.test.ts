import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { objectOf, type SecretRef, type Value } from '../../schemas/core.ts';
import {
  compileVariableTemplate,
  fillSecrets,
  findLiteralSelectors,
  hasSecrets,
  renderMarkdown,
  renderTemplate,
  renderText,
  secretPlaceholder,
  secretsIn,
  templateSelectors,
} from './index.ts';

const KEY: SecretRef = { secret: 'API_KEY', version: 'v3' };
const reveal = (ref: SecretRef) => `<${ref.secret}@${ref.version}>`;

describe('secrets in rendered text', () => {
  it('stand as placeholders until they are filled in', () => {
    const template = compileVariableTemplate('Bearer {{#env.API_KEY#}}, {{#n.user#}}');
    const { text, secrets } = renderTemplate(template, ([node]) => (node === 'env' ? KEY : 'Lee'), 'text');
    expect(secrets).toEqual([KEY]);
    expect(secretsIn(text)).toEqual([KEY]);
    expect(text).not.toContain('<API_KEY@v3>');
    expect(fillSecrets(text, reveal)).toBe('Bearer <API_KEY@v3>, Lee');
  });

  it('are found and filled in inside lists and objects', () => {
    const lookup = (): Value => [KEY, objectOf([['k', KEY]])];
    const { text, secrets } = renderTemplate(compileVariableTemplate('{{#n.list#}}'), lookup, 'text');
    expect(secrets).toEqual([KEY, KEY]);
    expect(fillSecrets(text, reveal)).toBe("[<API_KEY@v3>, {'k': <API_KEY@v3>}]");
    expect(fillSecrets(renderMarkdown(objectOf([['k', KEY]])), reveal)).toBe('{\n  "k": "<API_KEY@v3>"\n}');
  });

  it('cannot be forged by any text of a value, a key, a template or a name', () => {
    const forged = secretPlaceholder(KEY);
    const hostile = fc
      .array(fc.constantFrom(forged, '\ufdd0', '\ufdd1', 'API_KEY', 'a', '"', "'"), { maxLength: 6 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(hostile, (text) => {
        const values: Value[] = [text, [text], objectOf([[text, text]]), [1, text], objectOf([['k', [text]]])];
        for (const value of values) {
          expect(hasSecrets(renderText(value))).toBe(false);
          expect(hasSecrets(renderMarkdown(value))).toBe(false);
          expect(secretsIn(renderText([value, KEY]))).toEqual([KEY]);
        }
        expect(hasSecrets(renderTemplate(compileVariableTemplate(text), () => undefined, 'text').text)).toBe(false);
        expect(secretsIn(secretPlaceholder({ secret: text, version: '1' }))).toHaveLength(1);
      }),
    );
  });

  it('leaves text without placeholders as it is', () => {
    expect(fillSecrets('plain', reveal)).toBe('plain');
    expect(secretsIn('plain')).toEqual([]);
  });
});

describe('compileVariableTemplate', () => {
  it('gives plain data that survives JSON', () => {
    const template = compileVariableTemplate('a {{#n.x#}} n.y');
    expect(JSON.parse(JSON.stringify(template))).toEqual(template);
  });

  it('lists the selectors of tokens only', () => {
    expect(templateSelectors(compileVariableTemplate('n.y{{#n.x#}}{{#m.a.b#}} {{#bad#}}'))).toEqual([
      ['n', 'x'],
      ['m', 'a', 'b'],
    ]);
  });

  it('finds literal text that Dify takes for a selector', () => {
    const exists = (selector: readonly string[]) => selector.join('.') === 'n.s';
    expect(findLiteralSelectors(compileVariableTemplate('n.s{{#n.s#}}n.t'), exists)).toEqual(['n.s']);
    expect(findLiteralSelectors(compileVariableTemplate('see n.s{{#n.s#}}'), exists)).toEqual([]);
  });

  it('looks no long text up', () => {
    const reads: string[][] = [];
    renderTemplate(compileVariableTemplate('word. '.repeat(200)), (selector) => void reads.push([...selector]), 'text');
    expect(reads).toEqual([]);
  });
});
