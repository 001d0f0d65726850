import { describe, expect, it } from 'vitest';
import { isLoopback, resolveModel, type ModelSettings } from './registry.ts';

const KEY = 'sk-CANARY-1234';
const NOTHING: ModelSettings = {
  openai: { baseUrl: undefined, apiKey: undefined, prices: {} },
  providers: {},
  map: {},
  readKey: () => undefined,
};
const prices = { 'gpt-4o-mini': { inputPerMillion: 0.15, outputPerMillion: 0.6 } };
const withOpenAi = (baseUrl?: string, apiKey?: string): ModelSettings => ({ ...NOTHING, openai: { baseUrl, apiKey, prices } });
const openai = { provider: 'langgenius/openai/openai', name: 'gpt-4o-mini' };

describe('the classifier', () => {
  it.each(['riskflow/riskflow/classifier', 'riskflow/classifier'])('%s needs no key', (provider) => {
    const resolved = resolveModel({ provider, name: 'sms@tune' }, NOTHING);
    expect(resolved).toMatchObject({ ok: true, target: { kind: 'classifier', model: 'sms@tune', set: 'sms', split: 'tune' } });
  });

  it.each(['sms', '@tune', 'sms@', ''])('a model named %j is a problem', (name) => {
    const resolved = resolveModel({ provider: 'riskflow/classifier', name }, NOTHING);
    expect(resolved).toMatchObject({
      ok: false,
      problem: { code: 'unknown_model', hint: expect.stringContaining('SET@SPLIT') as unknown },
    });
  });
});

describe('OpenAI and what is compatible with it', () => {
  it.each(['openai', 'langgenius/openai/openai'])('%s is OpenAI where only a key is set', (provider) => {
    expect(resolveModel({ provider, name: 'gpt-4o-mini' }, withOpenAi(undefined, KEY))).toMatchObject({
      ok: true,
      target: { kind: 'openai', baseUrl: 'https://api.openai.com/v1', apiKey: KEY, model: 'gpt-4o-mini', prices },
    });
  });

  it.each(['openai', 'openai_api_compatible', 'langgenius/openai_api_compatible/openai_api_compatible'])(
    '%s uses OPENAI_BASE_URL',
    (provider) => {
      const baseUrl = 'https://models.example.com/v1';
      expect(resolveModel({ provider, name: 'm' }, withOpenAi(baseUrl, KEY))).toMatchObject({ ok: true, target: { baseUrl, apiKey: KEY } });
    },
  );

  it.each(['http://127.0.0.1:8000/v1', 'http://localhost:11434/v1', 'http://[::1]:8000/v1'])('needs no key at %s', (baseUrl) => {
    expect(resolveModel(openai, withOpenAi(baseUrl))).toMatchObject({ ok: true, target: { baseUrl, apiKey: null } });
    expect(resolveModel(openai, withOpenAi(baseUrl, ` ${KEY}\n`))).toMatchObject({ ok: true, target: { apiKey: KEY } });
  });

  it.each([
    ['no key and no URL', openai, withOpenAi(), /OPENAI_API_KEY.*OPENAI_BASE_URL.*--map-model langgenius\/openai\/openai\/gpt-4o-mini=TO/],
    ['an empty key', openai, withOpenAi('', ' '), /OPENAI_API_KEY/],
    ['a far URL without a key', openai, withOpenAi('https://models.example.com/v1'), /OPENAI_API_KEY/],
    ['a name that looks near', openai, withOpenAi('http://127.0.0.1.example.com/v1'), /OPENAI_API_KEY/],
  ])('%s is a problem that says how to mend it', (_name, model, settings, hint) => {
    const resolved = resolveModel(model, settings);
    expect(resolved).toMatchObject({
      ok: false,
      problem: {
        code: 'missing_key',
        hint: expect.stringMatching(hint) as unknown,
        message: expect.stringContaining('gpt-4o-mini') as unknown,
      },
    });
  });

  it('a compatible provider without a URL is not sent to OpenAI', () => {
    const resolved = resolveModel({ provider: 'openai_api_compatible', name: 'm' }, withOpenAi(undefined, KEY));
    expect(resolved).toMatchObject({
      ok: false,
      problem: { code: 'unknown_model', hint: expect.stringContaining('OPENAI_BASE_URL') as unknown },
    });
  });

  it.each(['nonsense', 'ftp://x/v1', 'https://user:SECRET@models.example.com/v1'])(
    'refuses the base URL %s without repeating it',
    (baseUrl) => {
      const resolved = resolveModel(openai, withOpenAi(baseUrl, KEY));
      expect(resolved).toMatchObject({
        ok: false,
        problem: { code: 'usage', message: expect.stringContaining('OPENAI_BASE_URL') as unknown },
      });
      expect(JSON.stringify(resolved)).not.toMatch(/SECRET|CANARY/);
    },
  );
});

describe('other providers', () => {
  const deepseek = { provider: 'langgenius/deepseek/deepseek', name: 'deepseek-chat' };
  const entry = { baseUrl: 'https://api.deepseek.example/v1', apiKeyEnv: 'DEEPSEEK_API_KEY', prices: {} };
  const configured = (readKey: ModelSettings['readKey']): ModelSettings => ({ ...NOTHING, providers: { deepseek: entry }, readKey });

  it('are problems that name the provider, the model and both ways to mend it', () => {
    const resolved = resolveModel(deepseek, NOTHING);
    expect(resolved).toMatchObject({
      ok: false,
      problem: {
        code: 'unknown_model',
        message: 'nothing here serves the provider "langgenius/deepseek/deepseek" (model "deepseek-chat")',
        hint: expect.stringMatching(/models:.*--map-model langgenius\/deepseek\/deepseek\/deepseek-chat=TO/) as unknown,
      },
    });
  });

  it('are served by their entry, under the long and the short id', () => {
    const settings = configured((name) => (name === 'DEEPSEEK_API_KEY' ? KEY : undefined));
    for (const provider of ['deepseek', 'langgenius/deepseek/deepseek']) {
      expect(resolveModel({ provider, name: 'deepseek-chat' }, settings)).toMatchObject({
        ok: true,
        target: { baseUrl: entry.baseUrl, apiKey: KEY },
      });
    }
    expect(resolveModel({ provider: 'someone/deepseek/deepseek', name: 'x' }, settings)).toMatchObject({ ok: false });
  });

  it('a missing key names its variable', () => {
    const resolved = resolveModel(
      deepseek,
      configured(() => undefined),
    );
    expect(resolved).toMatchObject({
      ok: false,
      problem: { code: 'missing_key', hint: expect.stringContaining('DEEPSEEK_API_KEY') as unknown },
    });
  });

  it('an entry without a key variable needs no key', () => {
    const settings: ModelSettings = { ...NOTHING, providers: { mine: { ...entry, apiKeyEnv: null } } };
    expect(resolveModel({ provider: 'mine', name: 'x' }, settings)).toMatchObject({ ok: true, target: { apiKey: null } });
  });

  it('an entry named openai takes the place of OPENAI_BASE_URL', () => {
    const settings: ModelSettings = { ...withOpenAi(undefined, KEY), providers: { openai: { ...entry, apiKeyEnv: null } } };
    expect(resolveModel(openai, settings)).toMatchObject({ ok: true, target: { baseUrl: entry.baseUrl, apiKey: null } });
  });

  it('can be mapped to what is served, and then say so', () => {
    const settings: ModelSettings = { ...NOTHING, map: { 'deepseek/deepseek-chat': 'riskflow/classifier/sms@tune' } };
    expect(resolveModel(deepseek, settings)).toMatchObject({
      ok: true,
      served: { provider: 'riskflow/classifier', name: 'sms@tune' },
      target: { kind: 'classifier' },
    });
  });
});

it('isLoopback tells this machine from others', () => {
  const near = [
    'http://127.0.0.1/',
    'http://127.9.9.9:1/v1',
    'https://LOCALHOST/v1',
    'http://[::1]/',
    'http://2130706433/',
    'http://api.localhost/',
  ];
  const far = [
    'http://128.0.0.1/',
    'http://127.0.0.1.nip.io/',
    'http://localhost.example.com/',
    'http://0.0.0.0/',
    'http://[::2]/',
    'nonsense',
  ];
  expect([near.map(isLoopback), far.map(isLoopback)]).toEqual([near.map(() => true), far.map(() => false)]);
});
