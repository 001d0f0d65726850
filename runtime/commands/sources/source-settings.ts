import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { startVariables, type Plan } from '../../../flow/index.ts';
import { RiskflowError, type SourceCreated, type SourceRow } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { modelWarnings } from '../../model-warnings.ts';
import { resolveFlow } from '../evaluations/evaluation-request.ts';
import { fileTrouble, loadPlan } from '../flows.ts';

export type SourceSettings = SourceCreated['data'];
export type DuplicateKeys = SourceSettings['onDuplicateKey'];

export type CreateSourceRequest = {
  readonly sourceId: string;
  /** An NDJSON file: one JSON object per line. */
  readonly path: string;
  /** FLOW (its latest version whenever the source starts), FLOW:VERSION, or a flow file, which is published and pinned. */
  readonly flow: string;
  /** The field that holds the business key of a record. */
  readonly keyField?: string;
  /** Field by start variable; others take the field of their name. */
  readonly inputMap?: Readonly<Record<string, string>>;
  /** The field that is `sys.query`; for a chat flow `text` unless named. */
  readonly queryField?: string;
  /**
   * What happens to a record whose key an earlier one has: `process` decides both; `keep` lets the first one stand; `replace` lets the
   * last one stand among those that are not decided yet. @default 'process'
   */
  readonly onDuplicateKey?: DuplicateKeys;
};

export const sourceStream = (sourceId: string): string => `source/${sourceId}`;
/** A file is one partition of a topic named like it. */
export const topicOf = (source: Pick<SourceSettings, 'location'>): string => basename(source.location);
export const FILE_PARTITION = 0;

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}_.-]{0,99}$/u;
const LONGEST_TOPIC = 190;

/** Checks a request and makes it complete; a flow file is published on the way, after everything else was found right. */
export async function settingsOf(context: Context, request: CreateSourceRequest): Promise<SourceSettings> {
  const { sourceId, keyField = null, inputMap = {}, queryField = null, onDuplicateKey = 'process' } = request;
  if (!NAME.test(sourceId)) {
    throw new RiskflowError(
      'usage',
      `"${sourceId}" cannot be the name of a source: it must begin with a letter or digit and hold letters, digits, "_", "-" and "." only, at most 100`,
    );
  }
  if (onDuplicateKey !== 'process' && keyField === null) {
    throw new RiskflowError(
      'usage',
      `source "${sourceId}" is to ${onDuplicateKey} records with equal keys, but no field is named as the key`,
      {
        hint: 'name it with --key FIELD',
      },
    );
  }
  const location = resolve(request.path);
  if (basename(location).length > LONGEST_TOPIC)
    throw new RiskflowError('usage', `the name of ${location} is longer than ${LONGEST_TOPIC} characters`);
  await fileSize(location);
  const { plan, publish } = await resolveFlow(context, request.flow);
  checkInputMap(plan, inputMap);
  await publish();
  const { flow, flowVersion } = plan;
  const pinned = request.flow === flow ? null : flowVersion;
  return { sourceId, kind: 'ndjson-file', location, flow, flowVersion: pinned, keyField, inputMap, queryField, onDuplicateKey };
}

function checkInputMap(plan: Plan, inputMap: Readonly<Record<string, string>>): void {
  const names = startVariables(plan).map((variable) => variable.name);
  const unknown = Object.keys(inputMap).find((input) => !names.includes(input));
  if (unknown === undefined) return;
  throw new RiskflowError('usage', `flow "${plan.flow}" has no input "${unknown}" (--map)`, {
    hint: names.length === 0 ? 'it has no inputs at all' : `its inputs are: ${names.join(', ')}`,
  });
}

/** Bytes. @throws RiskflowError `not_found` in one sentence. */
export async function fileSize(location: string): Promise<number> {
  let stats;
  try {
    stats = await stat(location);
  } catch (cause) {
    throw new RiskflowError('not_found', `the source file ${location} cannot be read: ${fileTrouble(cause)}`, { cause });
  }
  if (!stats.isFile()) throw new RiskflowError('not_found', `the source file ${location} cannot be read: it is not a file`);
  return stats.size;
}

/** What a source was created with. @throws RiskflowError `not_found` that says what there is. */
export async function readSource(context: Context, sourceId: string): Promise<SourceSettings> {
  const [event] = await context.storage.events.readStream(context.workspaceId, sourceStream(sourceId), { limit: 1 });
  // The stream of a source begins with its creation.
  if (event !== undefined) return event.data as SourceSettings;
  const known = (await allSources(context)).map((row) => row.sourceId);
  throw new RiskflowError('not_found', `there is no source "${sourceId}"`, {
    hint: known.length === 0 ? 'create one: riskflow source create ID --file FILE.ndjson --flow FLOW' : `there are: ${known.join(', ')}`,
  });
}

export async function allSources(context: Context): Promise<readonly SourceRow[]> {
  await context.storage.projections.catchUp(context.workspaceId);
  return context.storage.read.sources(context.workspaceId);
}

/** The plan that decides the records of one start: the pinned version, or the latest there is now. */
export async function planAtStart(context: Context, source: SourceSettings): Promise<Plan> {
  if (source.flowVersion !== null) return loadPlan(context, source.flowVersion);
  await context.storage.projections.catchUp(context.workspaceId);
  const latest = (await context.storage.read.flowVersions(context.workspaceId, source.flow)).at(-1);
  if (latest === undefined) throw new RiskflowError('not_found', `flow "${source.flow}" of source "${source.sourceId}" has no version`);
  return loadPlan(context, latest.version);
}

/** What to know about the flow that decides the records of a start. */
export async function sourceWarnings(context: Context, sourceId: string): Promise<readonly string[]> {
  return modelWarnings(await planAtStart(context, await readSource(context, sourceId)));
}
