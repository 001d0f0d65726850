import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapModel, readModelMapping } from './model-map.ts';
import { modelText, readModelText } from './provider-names.ts';

describe('readModelText', () => {
  it.each([
    ['openai/gpt-4o-mini', 'openai', 'gpt-4o-mini'],
    ['langgenius/openai/openai/gpt-4o', 'langgenius/openai/openai', 'gpt-4o'],
    ['riskflow/classifier/sms@tune', 'riskflow/classifier', 'sms@tune'],
    ['riskflow/riskflow/classifier/sms@tune', 'riskflow/riskflow/classifier', 'sms@tune'],
    ['openai_api_compatible/meta-llama/Llama-3/x', 'openai_api_compatible', 'meta-llama/Llama-3/x'],
    ['deepseek/deepseek-chat', 'deepseek', 'deepseek-chat'],
    ['deepseek/org/model', 'deepseek', 'org/model'],
    ['someone/plugin/provider/model', 'someone/plugin/provider', 'model'],
  ])('%s', (text, provider, name) => {
    expect(readModelText(text)).toEqual({ provider, name });
  });

  it('knows the providers of the configuration, the longest first', () => {
    expect(readModelText('my/own/a/b/c', ['my/own', 'my/own/a'])).toEqual({ provider: 'my/own/a', name: 'b/c' });
  });

  it.each(['', 'openai', 'openai/', '/gpt', '/'])('is undefined for %j', (text) => {
    expect(readModelText(text)).toBeUndefined();
  });
});

describe('readModelMapping', () => {
  it.each([
    ['openai/gpt-4o=riskflow/classifier/sms@tune', { from: 'openai/gpt-4o', to: 'riskflow/classifier/sms@tune' }],
    [' a/b = c/d=e ', { from: 'a/b', to: 'c/d=e' }],
    ['a/b', undefined],
    ['=c/d', undefined],
    ['a/b=', undefined],
    ['a=b/c', undefined],
  ])('%j', (text, expected) => {
    expect(readModelMapping(text)).toEqual(expected);
  });
});

describe('mapModel', () => {
  const gpt = { provider: 'langgenius/openai/openai', name: 'gpt-4o' };
  const classifier = { provider: 'riskflow/classifier', name: 'sms@tune' };

  it.each([
    ['openai/gpt-4o', 'riskflow/classifier/sms@tune', gpt, classifier],
    ['langgenius/openai/openai/gpt-4o', 'riskflow/classifier/sms@tune', gpt, classifier],
    ['langgenius/openai/openai/gpt-4o', 'riskflow/classifier/sms@tune', { provider: 'openai', name: 'gpt-4o' }, classifier],
    ['riskflow/riskflow/classifier/sms@tune', 'openai/gpt-4o', classifier, { provider: 'openai', name: 'gpt-4o' }],
    ['openai/gpt-4', 'a/b', gpt, gpt],
    ['someone/openai/openai/gpt-4o', 'a/b', gpt, gpt],
  ])('%s=%s', (from, to, model, expected) => {
    expect(mapModel(model, { [from]: to })).toEqual(expected);
  });

  it('maps once: two models can be swapped', () => {
    const map = { 'a/x': 'b/y', 'b/y': 'a/x' };
    expect(mapModel({ provider: 'a', name: 'x' }, map)).toEqual({ provider: 'b', name: 'y' });
    expect(mapModel({ provider: 'b', name: 'y' }, map)).toEqual({ provider: 'a', name: 'x' });
  });

  it('leaves every model alone that the map does not name', () => {
    const part = fc.string({ minLength: 1 }).filter((text) => !text.includes('/'));
    fc.assert(
      fc.property(part, part, part, (provider, name, other) => {
        fc.pre(`${provider}/${name}` !== `${provider}/${other}`);
        expect(mapModel({ provider, name }, { [modelText({ provider, name: other })]: 'a/b' })).toEqual({ provider, name });
      }),
    );
  });
});
