import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFakeRegistry, type FakeRegistry } from '../connectors/formats/fake-registry.ts';
import { createRecordDecoder, type TlsContents } from '../connectors/index.ts';
import type { RecordContent } from '../schemas/index.ts';
import { hasOpenssl, makeCertificates, type Certificates } from './stack/certificates.ts';

const SERVER_NAME = 'registry.internal';
const left = hasOpenssl ? '' : ' (left out: there is no openssl to make certificates with)';

describe.skipIf(!hasOpenssl)(`a schema registry behind TLS${left}`, () => {
  let folder: string;
  let certificates: Certificates;
  let open: FakeRegistry;
  let guarded: FakeRegistry;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'riskflow-registry-'));
    certificates = makeCertificates(folder, SERVER_NAME);
    const tls = { cert: certificates.text('serverCert'), key: certificates.text('serverKey') };
    open = await openFakeRegistry({ tls });
    guarded = await openFakeRegistry({ tls: { ...tls, ca: certificates.text('ca') } });
    const schema = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'n', type: 'long' }] });
    for (const registry of [open, guarded]) registry.entries.set(1, { schema });
  });
  afterAll(async () => {
    await open.close();
    await guarded.close();
    rmSync(folder, { recursive: true });
  });

  const decode = async ({ url }: FakeRegistry, tls: TlsContents, password?: string): Promise<RecordContent> => {
    const account = password === undefined ? {} : { username: 'ann', passwordEnv: 'REGISTRY_PASSWORD' };
    const format = { kind: 'registry', registry: { url, ...account }, otherwise: 'fail', field: 'text' } as const;
    return createRecordDecoder(format, { tls, password }).decode({ bytes: Uint8Array.of(0, 0, 0, 0, 1, 14), headers: [] });
  };
  const ours = (): TlsContents => ({ ca: certificates.text('ca'), serverName: SERVER_NAME });
  const SEVEN = { ok: true, fields: new Map([['n', 7]]) };

  it('is read by those who trust its authority, under the name of its certificate', async () => {
    expect(await decode(open, ours())).toEqual(SEVEN);
  });

  it('is told a user and a password only over a connection that is trusted', async () => {
    open.authorization = `Basic ${Buffer.from('ann:secret-of-ann').toString('base64')}`;
    const before = open.asked.length;
    expect(await decode(open, ours(), 'secret-of-ann')).toEqual(SEVEN);
    expect(open.asked.length).toBe(before + 1);
    await expect(decode(open, { serverName: SERVER_NAME }, 'secret-of-ann')).rejects.toMatchObject({ code: 'usage' });
    expect(open.asked.length).toBe(before + 1);
    open.authorization = undefined;
  });

  it('that asks for a certificate is read with one', async () => {
    const own = { cert: certificates.text('clientCert'), key: certificates.text('clientKey') };
    expect(await decode(guarded, { ...ours(), ...own })).toEqual(SEVEN);
  });

  it.each([
    ['an authority that nobody trusts', () => ({ serverName: SERVER_NAME })],
    ['another authority', () => ({ ...ours(), ca: certificates.text('otherCa') })],
    ['another name than that of the address', () => ({ ca: certificates.text('ca') })],
  ])('with %s is not waited for: it says what to change', async (_what, tls) => {
    await expect(decode(open, tls())).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/^no TLS connection to the schema registry at https:\/\/127\.0\.0\.1:\d+: \S+/) as string,
      hint: expect.stringContaining('tls.ca') as string,
    });
  });

  it('that refuses us without a certificate says what to change', async () => {
    await expect(decode(guarded, ours())).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('tls.cert') as string });
  });
});
