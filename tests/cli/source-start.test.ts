import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { workingFolder } from './fixtures.ts';
import { newFolder, riskflow, riskflowJson, startRiskflow, type Running, type Start } from './riskflow.ts';

type Status = {
  readonly sources: readonly { readonly decided: number; readonly pending: number; readonly heldBy: readonly { readonly pid: number }[] }[];
};

const statusOf = async (start: Start) => (await riskflowJson<Status>(['source', 'status', 'stream'], start)).sources[0];
async function until(start: Start, isSo: (status: Awaited<ReturnType<typeof statusOf>>) => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await delay(50)) if (isSo(await statusOf(start))) return;
  throw new Error(`it never came to that: ${JSON.stringify(await statusOf(start))}`);
}
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `{"id": "n-${from + i}", "text": "win ${from + i}"}\n`).join('');
const keep = (start: Start): Running => startRiskflow(['start', '--http', '127.0.0.1:0', '--listen', '127.0.0.1:0'], start);

describe.concurrent('riskflow start', () => {
  it('follows a file that grows, shares it with a second process, and that one goes on when the first is killed', async () => {
    const folder = workingFolder();
    const start = { data: join(newFolder(), 'data'), folder };
    writeFileSync(join(folder, 'grows.ndjson'), lines(0, 5));
    writeFileSync(
      join(folder, 'stream.yml'),
      'name: stream\nflow: good.yml\nconnector: { kind: file, path: grows.ndjson, follow: true }\nrecord: { key: id }\n',
    );
    expect(await riskflow(['source', 'create', '--config', 'stream.yml'], start)).toMatchObject({ code: 0 });
    expect(await riskflow(['source', 'start', 'stream', '--detach'], start)).toMatchObject({
      code: 0,
      out: 'source stream is to run: riskflow start works on it\n',
    });
    const first = keep(start);
    const second = keep(start);
    try {
      await until(start, (status) => status?.decided === 5 && new Set(status.heldBy.map(({ pid }) => pid)).size === 2);
      appendFileSync(join(folder, 'grows.ndjson'), lines(5, 60));
      await until(start, (status) => status?.decided === 60);
      first.child.kill('SIGKILL');
      await first.finished;
      appendFileSync(join(folder, 'grows.ndjson'), lines(60, 90));
      await until(start, (status) => status?.decided === 90 && status.pending === 0);
      expect((await statusOf(start))?.heldBy).toEqual([expect.objectContaining({ pid: second.child.pid })]);
    } finally {
      first.child.kill('SIGKILL');
      second.child.kill('SIGINT');
    }
    expect(await second.finished).toMatchObject({ code: 0 });
    const { decisions } = await riskflowJson<{ readonly decisions: readonly { readonly recordKey: string }[] }>(
      ['decision', 'list', '--source', 'stream', '--limit', '1000'],
      start,
    );
    expect(decisions.map(({ recordKey }) => recordKey).toSorted()).toEqual(Array.from({ length: 90 }, (_, i) => `n-${i}`).toSorted());
  });

  it('takes pushed records, once each, and decides them', async () => {
    const folder = workingFolder();
    const start = { data: join(newFolder(), 'data'), folder };
    await riskflow(['source', 'create', 'stream', '--push', '--flow', 'good.yml', '--key', 'id'], start);
    await riskflow(['source', 'resume', 'stream'], start);
    const running = keep(start);
    try {
      const url = await running.printed(/records are taken at (http:\S+)\/ID\/records/);
      const post = async (body: string) => {
        const headers = { 'Content-Type': 'application/x-ndjson' };
        const answer = await fetch(`${url}/stream/records`, { method: 'POST', headers, body });
        return (await answer.json()) as { readonly results: readonly { readonly status: string }[] };
      };
      const body = '{"recordId": "a", "fields": {"id": "a", "text": "win"}}\n{"recordId": "b", "fields": {"id": "b", "text": "hi"}}\n';
      expect((await post(body)).results.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
      expect((await post(body)).results.map(({ status }) => status)).toEqual(['duplicate', 'duplicate']);
      await until(start, (status) => status?.decided === 2);
    } finally {
      running.child.kill('SIGTERM');
    }
    expect(await running.finished).toMatchObject({ code: 0 });
  });

  it('source start that follows ends with 0 when it is stopped or interrupted, and reads standard input to its end', async () => {
    const folder = workingFolder();
    const start = { data: join(newFolder(), 'data'), folder };
    await riskflow(['source', 'create', 'stream', '--directory', '.', '--flow', 'good.yml', '--key', 'id', '--format', 'ndjson'], start);
    const stopped = startRiskflow(['source', 'start', 'stream'], start);
    await stopped.printed(/follows source stream/);
    await riskflow(['source', 'stop', 'stream'], start);
    expect(await stopped.finished).toMatchObject({ code: 0 });
    const interrupted = startRiskflow(['source', 'start', 'stream'], start);
    await interrupted.printed(/follows source stream/);
    interrupted.child.kill('SIGINT');
    expect(await interrupted.finished).toMatchObject({ code: 0 });

    await riskflow(['source', 'create', 'piped', '--stdin', '--flow', 'good.yml', '--key', 'id'], start);
    const piped = await riskflow(['source', 'start', 'piped'], { ...start, input: lines(0, 3) });
    expect(piped.out).toMatch(/^3 new records and 0 dead letters; 3 decided/);
  });
});
