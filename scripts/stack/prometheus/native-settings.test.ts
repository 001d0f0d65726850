import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { nativeSettings } from './native-settings.ts';

test('jobs stay, and only where they look is another', () => {
  const text = readFileSync(new URL('../../../deploy/prometheus/prometheus.yml', import.meta.url), 'utf8');
  const before = parse(text) as { global: object };
  expect(parse(nativeSettings(text, '/t'))).toEqual({
    global: before.global,
    scrape_configs: ['riskflow', 'temporal'].map((job) => ({
      job_name: job,
      metrics_path: '/metrics',
      file_sd_configs: [{ files: [`/t/${job}*.yml`], refresh_interval: '5s' }],
    })),
  });
});

test('anything else is refused', () => {
  expect(() => nativeSettings('scrape_configs: 7', '/t')).toThrow(/scrape_configs/);
});
