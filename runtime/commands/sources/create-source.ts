import { canonicalJson, RiskflowError, type Json, type SourceEvent, type SourceSettings } from '../../../schemas/index.ts';
import type { Context } from '../../context.ts';
import { planOfStage } from '../../streams/source-plans.ts';
import { readSourceState, sourceStream, writeSourceEvents, type SourceState } from '../../streams/source-state.ts';
import { alertFlowProblems } from './alert-flow.ts';
import { flowProblems, refuseProblems, settingProblems } from './source-settings.ts';

export type CreateSourceRequest = {
  readonly sourceId: string;
  /** FLOW (its latest version whenever the source starts), FLOW:VERSION, or a flow file, which is published and pinned. */
  readonly flow: string;
  readonly settings: SourceSettings;
};

/** `isNew` is false when the source was there already, with the same settings. */
export type CreatedSource = {
  readonly sourceId: string;
  readonly settings: SourceSettings;
  readonly flow: string;
  readonly flowVersion: string | null;
  readonly isNew: boolean;
};

/**
 * Creates a source. The same settings again write nothing.
 * @throws RiskflowError `usage` with everything that is wrong; `conflict` when it is there with other settings
 */
export async function createSource(context: Context, { sourceId, flow: reference, settings }: CreateSourceRequest): Promise<CreatedSource> {
  const { found, problems } = await flowProblems(context, reference);
  refuseProblems(`source "${sourceId}" cannot be created`, [
    ...problems,
    ...(await settingProblems(sourceId, settings, found?.plan)),
    ...(await alertFlowProblems(context, settings)),
  ]);
  if (found === undefined) throw new RiskflowError('internal', `there is no flow "${reference}", and nothing is wrong with it`);
  const { plan, publish } = found;
  await publish();
  const { flow, flowVersion } = plan;
  const wanted = { sourceId, settings, flow, flowVersion: reference === flow ? null : flowVersion };
  const event: SourceEvent = { type: 'SourceCreated', data: wanted };
  const written = await context.storage.events.write({
    workspaceId: context.workspaceId,
    actor: context.actor,
    claims: [{ scope: 'source', key: sourceId, value: settings.connector.kind }],
    appends: [{ log: 'ledger', stream: sourceStream(sourceId), events: [event], expected: { version: 0 } }],
  });
  if (written.status === 'written') return { ...wanted, isNew: true };
  const present = await readSourceState(context, sourceId);
  const differing = differences(present, wanted);
  if (differing.length === 0) return { ...wanted, settings: present.settings, isNew: false };
  throw new RiskflowError('conflict', `source "${sourceId}" is there already with other settings: ${differing.join('; ')}`, {
    hint: 'riskflow source configure gives it others, or give the new one another name',
  });
}

function differences(
  present: SourceState,
  { settings, flow, flowVersion }: Pick<CreatedSource, 'settings' | 'flow' | 'flowVersion'>,
): readonly string[] {
  const named = (of: { readonly flow: string; readonly flowVersion: string | null }): string =>
    of.flowVersion === null ? of.flow : `${of.flow}:${of.flowVersion.slice(0, 12)}`;
  const before = { flow: named(present.live), ...flat(present.settings) };
  const after = { flow: named({ flow, flowVersion }), ...flat(settings) };
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const [old, wanted] = [(before as Flat)[name], (after as Flat)[name]];
    return old === wanted ? [] : [`${name} is ${old ?? 'not set'}, not ${wanted ?? 'unset'}`];
  });
}

type Flat = Readonly<Record<string, string>>;

/** Each value by its path. */
function flat(settings: unknown, path = ''): Flat {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    return { [path]: typeof settings === 'string' ? settings : canonicalJson(settings as Json) };
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) => Object.entries(flat(value, path === '' ? name : `${path}.${name}`))),
  );
}

/**
 * Gives a source other settings. Where it reads stays: its records and decisions belong to that.
 * @throws RiskflowError `usage` with everything that is wrong
 */
export async function configureSource(
  context: Context,
  { sourceId, settings }: Pick<CreateSourceRequest, 'sourceId' | 'settings'>,
): Promise<{ readonly changed: boolean }> {
  const present = await readSourceState(context, sourceId);
  const plan = await planOfStage(context, present.live);
  const moved = whereItReads(present.settings) !== whereItReads(settings);
  const problems = [...(await settingProblems(sourceId, settings, plan)), ...(await alertFlowProblems(context, settings))];
  const place = {
    where: 'connector',
    message: `it reads ${whereItReads(present.settings)}, and cannot read ${whereItReads(settings)} instead`,
  };
  refuseProblems(`source "${sourceId}" cannot be configured so`, [...problems, ...(moved ? [place] : [])]);
  if (canonicalJson(present.settings as Json) === canonicalJson(settings as Json)) return { changed: false };
  await writeSourceEvents(context, sourceId, [{ type: 'SourceConfigured', data: { sourceId, settings, at: context.now() } }]);
  return { changed: true };
}

/** What makes the records of a source those of this source. */
function whereItReads({ connector }: SourceSettings): string {
  switch (connector.kind) {
    case 'kafka':
      return `the topics ${[...connector.topics].sort().join(', ')} of Kafka`;
    case 'file':
    case 'directory':
      return connector.path;
    case 'mysql':
      return 'a query on MySQL';
    case 'stdin':
      return 'standard input';
    case 'push':
      return 'what is pushed to it';
  }
}
