import { RiskflowError, type ManifestEntry, type SampleSetVersionCreated, type SampleSetVersionRow } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';

export type SampleAddress = { readonly set: string; readonly version: string | null; readonly split: string | null };

/** `NAME[:VERSION][@SPLIT]`. A version may be cut short to 6 digits or more. */
export function parseSampleAddress(text: string): SampleAddress {
  const match = /^([^:@]+)(?::([0-9a-f]{6,64}))?(?:@([^:@]+))?$/u.exec(text);
  if (match?.[1] === undefined) {
    throw new RiskflowError('usage', `"${text}" does not name a sample set: NAME[:VERSION][@SPLIT] was expected`, {
      hint: 'for example: reports@test',
    });
  }
  return { set: match[1], version: match[2] ?? null, split: match[3] ?? null };
}

/** The latest import of a set, or undefined. */
export async function latestImport(context: Context, set: string): Promise<SampleSetVersionRow | undefined> {
  const versions = await versionsOf(context, set);
  return versions.findLast((row) => row.split === null);
}

async function versionsOf(context: Context, set: string): Promise<readonly SampleSetVersionRow[]> {
  await context.storage.projections.catchUp(context.workspaceId);
  return context.storage.read.sampleSetVersions(context.workspaceId, { set });
}

/** The set version an address names. @throws RiskflowError `not_found` that says what there is. */
export async function resolveSampleSet(context: Context, text: string): Promise<SampleSetVersionRow> {
  const address = parseSampleAddress(text);
  const versions = await versionsOf(context, address.set);
  if (versions.length === 0) throw await unknownSet(context, address.set);
  const imports = versions.filter((row) => row.split === null);
  const parent = address.version === null ? imports.at(-1) : versions.findLast((row) => row.version.startsWith(address.version ?? ''));
  if (parent === undefined) {
    const known = imports.map((row) => row.version.slice(0, 12)).join(', ');
    throw new RiskflowError('not_found', `sample set "${address.set}" has no version ${address.version ?? ''}`, {
      hint: `its versions are: ${known}`,
    });
  }
  if (address.split === null) return parent;
  const split = versions.findLast((row) => row.split === address.split && row.parent === parent.version);
  if (split !== undefined) return split;
  const names = [...new Set(versions.filter((row) => row.parent === parent.version).map((row) => row.split))];
  const older = versions.some((row) => row.split === address.split);
  const what = older ? `was cut from an older version of "${address.set}"` : `does not exist`;
  throw new RiskflowError('not_found', `the split ${address.set}@${address.split} ${what}`, {
    hint: names.length > 0 ? `its splits are: ${names.join(', ')}` : `cut it: riskflow sample split ${address.set} --tune 0.3 --test 0.7`,
  });
}

async function unknownSet(context: Context, set: string): Promise<RiskflowError> {
  const known = [...new Set((await context.storage.read.sampleSetVersions(context.workspaceId)).map((row) => row.set))];
  const hint = known.length === 0 ? `there is none yet: riskflow sample import ${set} FILE.csv` : `there are: ${known.join(', ')}`;
  return new RiskflowError('not_found', `there is no sample set "${set}"`, { hint });
}

/** The ordered rows of a set version. */
export async function manifestOf(context: Context, row: SampleSetVersionRow): Promise<readonly ManifestEntry[]> {
  const [event] = await context.storage.events.readStream(context.workspaceId, `samples/${row.set}`, {
    afterVersion: row.streamVersion - 1,
    limit: 1,
  });
  const data = event?.data as SampleSetVersionCreated['data'] | null | undefined;
  if (data === null || data === undefined)
    throw new RiskflowError('failed', `the rows of sample set "${row.set}" version ${row.version.slice(0, 12)} were erased`);
  return data.manifest;
}
