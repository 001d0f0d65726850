import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeTemporal } from '../runtime/doctor/temporal/judge.ts';
import { TEMPORAL_VERSIONS } from '../scripts/stack/servers/temporal.ts';

const project = resolve(import.meta.dirname, '..');
const pages = ['README.md', ...readdirSync(join(project, 'docs')).map((name) => `docs/${name}`)].filter((name) => name.endsWith('.md'));

/** `docs/x.md:12 1.29`, wherever a version of Temporal's server is named. */
const named = pages.flatMap((page) =>
  readFileSync(join(project, page), 'utf8')
    .split('\n')
    .flatMap((line, i) =>
      Array.from(
        line.matchAll(/\b(?:Temporal|server)\b[^|\n\d]{0,30}(1\.\d\d(?:\.\d+)?)/g),
        ([, version = '']) => `${page}:${i + 1} ${version}`,
      ),
    ),
);

describe("the version of Temporal's server", () => {
  it('is the same on every page as that of the stack', () => {
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((place) => !place.endsWith(` ${TEMPORAL_VERSIONS.server}`))).toEqual([]);
  });

  it('is the oldest that doctor is content with', () => {
    const wants = { namespace: 'n', taskQueue: 'q', encrypted: true, near: true };
    const of = (version: string) =>
      judgeTemporal(
        { version, schedules: true, namespace: undefined, missingAttributes: [], pollers: { workflow: [], activity: [] }, askedAt: 0 },
        wants,
      )[0];
    expect(of(TEMPORAL_VERSIONS.server)?.status).toBe('ok');
    expect(of('1.29.0')).toMatchObject({ status: 'warning', remedy: `bring the server to ${TEMPORAL_VERSIONS.server} or later` });
  });
});
