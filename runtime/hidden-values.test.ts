import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openApp } from './open-app.ts';
import { readSettings } from './settings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'riskflow-hidden-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('hides keys of models, and the secrets and passwords of sinks, the one that is being retired among them', async () => {
  const sinks = {
    hooks: { kind: 'webhook', url: 'https://hooks.example/', secretEnv: 'HOOK', previousSecretEnv: 'OLD_HOOK' },
    topic: {
      kind: 'kafka',
      brokers: ['127.0.0.1:9092'],
      topic: 'decisions',
      sasl: { mechanism: 'plain', username: 'u', passwordEnv: 'KAFKA_PASS' },
      format: { kind: 'avro', registry: { url: 'http://127.0.0.1:8081', username: 'u', passwordEnv: 'REGISTRY_PASS' } },
    },
  };
  const models = { local: { baseUrl: 'http://127.0.0.1:1/v1', apiKeyEnv: 'LOCAL_KEY' } };
  const config = join(folder, 'riskflow.yml');
  writeFileSync(config, JSON.stringify({ sinks, models }));
  const named = { HOOK: 'whsec_new', OLD_HOOK: 'whsec_old', KAFKA_PASS: 'of-kafka', REGISTRY_PASS: 'of-registry', LOCAL_KEY: 'of-a-model' };
  const environment = {
    ...named,
    OPENAI_API_KEY: 'sk-of-openai',
    RISKFLOW_CONFIG: config,
    RISKFLOW_DATA: join(folder, 'data'),
    OTHER: 'no secret',
  };
  const app = await openApp(readSettings(environment, folder), { actor: 'test' });
  try {
    expect(app.context.secrets.values('default').toSorted()).toEqual([...Object.values(named), 'sk-of-openai'].toSorted());
  } finally {
    await app.close();
  }
});
