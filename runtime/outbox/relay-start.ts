import type { RelayCursor } from '../../schemas/index.ts';
import { relayName, type RelayDeps, type RelaySpec } from './relay-types.ts';

/**
 * Where a part begins: where it stopped, or where every part of the sink was when its keys were cut into another number of parts. A sink that
 * never sent anything begins where `from` says, all of its parts at the same place.
 */
export async function startOf(deps: Pick<RelayDeps, 'workspaceId' | 'storage' | 'actor'>, spec: RelaySpec, part: number): Promise<number> {
  const cursors = (await deps.storage.relays.cursors(deps.workspaceId, `${spec.sink}/`)).filter(({ log }) => log === 'ledger');
  const own = cursors.find((cursor) => cursor.relay === relayName(spec) && cursor.part === part);
  const known = [...(own === undefined ? [] : [own.n]), ...commonStarts(spec.sink, cursors)];
  return known.length > 0 ? Math.max(...known) : firstStart(deps, spec);
}

/** For each number of parts that the sink had: up to where all of them have sent. One that not every part has begun says nothing. */
function commonStarts(sink: string, cursors: readonly RelayCursor[]): readonly number[] {
  const relays = Map.groupBy(cursors, ({ relay }) => relay);
  return Array.from(relays).flatMap(([relay, parts]) => {
    const count = Number(relay.slice(sink.length + 1));
    return parts.length === count ? [Math.min(...parts.map(({ n }) => n))] : [];
  });
}

async function firstStart(
  { workspaceId, storage, actor }: Pick<RelayDeps, 'workspaceId' | 'storage' | 'actor'>,
  spec: RelaySpec,
): Promise<number> {
  if (spec.from === 'beginning') return 0;
  const now = await storage.events.head(workspaceId, 'ledger');
  const claims = [{ scope: 'relay-start', key: spec.sink, value: String(now) }];
  const result = await storage.events.write({ workspaceId, actor, claims, appends: [] });
  return result.status === 'claimed' ? Number(result.value) : now;
}
