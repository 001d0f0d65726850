import { setTimeout as delay } from 'node:timers/promises';
import { isGrpcServiceError, type WorkflowService } from '@temporalio/client';
import { messageOf, RiskflowError } from '../../schemas/index.ts';

/** A build of the program among the workers of one task queue, as Temporal's worker versioning has it. */
export type WorkerBuild = { readonly deploymentName: string; readonly buildId: string };

/** A build that the server knows of. */
export type KnownBuild = {
  readonly buildId: string;
  /** `draining`: runs are still on it; `drained`: none are; `unused`: new runs never went to it. */
  readonly state: 'current' | 'draining' | 'drained' | 'unused';
  /** Milliseconds since 1970 when its first worker came. */
  readonly since: number;
};

type Server = { readonly workflowService: WorkflowService };
type Deployment = { readonly namespace: string; readonly deploymentName: string };

/** Numbers of gRPC and of Temporal's `VersionDrainageStatus`. */
const NOT_FOUND = 5;
const DRAINING = 1;
const DRAINED = 2;
/** How long a new build may take to be known to the server once its workers poll. */
const PATIENCE_MS = 30_000;
const POLL_MS = 250;

/** Builds of a deployment, the newest first; none when no worker with a build ever came. */
export async function listBuilds({ workflowService }: Server, { namespace, deploymentName }: Deployment): Promise<readonly KnownBuild[]> {
  const described = await workflowService.describeWorkerDeployment({ namespace, deploymentName }).catch((error: unknown) => {
    if (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND) return undefined;
    throw refusal('tell its builds of workers', error);
  });
  const info = described?.workerDeploymentInfo;
  const current = info?.routingConfig?.currentDeploymentVersion?.buildId;
  return (info?.versionSummaries ?? [])
    .map(({ deploymentVersion, createTime, drainageStatus }): KnownBuild => {
      const buildId = deploymentVersion?.buildId ?? '';
      const since = Number(createTime?.seconds ?? 0) * 1_000 + Math.floor((createTime?.nanos ?? 0) / 1e6);
      return { buildId, state: buildId === current ? 'current' : stateOf(drainageStatus), since };
    })
    .toSorted((a, b) => b.since - a.since);
}

const stateOf = (drainage: number | null | undefined): KnownBuild['state'] =>
  drainage === DRAINING ? 'draining' : drainage === DRAINED ? 'drained' : 'unused';

export type Promotion =
  /** New runs go to it from now on. `before`: the build that they went to. */
  | { readonly status: 'promoted'; readonly before: string | null }
  | { readonly status: 'already-current' }
  /** It had its turn, or is older than the current one: a worker that starts again must not take the new runs back. */
  | { readonly status: 'kept'; readonly current: string };

type Promote = Deployment & {
  readonly buildId: string;
  /** What a worker may do that starts, again perhaps: only a build that never was current takes over, and only from an older one. */
  readonly onlyWhenNew: boolean;
};

/**
 * Makes a build the one that new runs go to. Runs under way stay where they are. Waits until the server knows the build.
 * @throws RiskflowError `not_found` when no worker of that build came; `failed` when the server refuses or knows no builds
 */
export async function promoteBuild(server: Server, promote: Promote): Promise<Promotion> {
  const { namespace, deploymentName, buildId, onlyWhenNew } = promote;
  const builds = await awaitBuild(server, promote);
  const current = builds.find(({ state }) => state === 'current');
  const own = builds.find((build) => build.buildId === buildId);
  if (current?.buildId === buildId) return { status: 'already-current' };
  if (onlyWhenNew && current !== undefined && own !== undefined && (own.state !== 'unused' || own.since < current.since)) {
    return { status: 'kept', current: current.buildId };
  }
  await server.workflowService
    .setWorkerDeploymentCurrentVersion({
      namespace,
      deploymentName,
      buildId,
      version: `${deploymentName}.${buildId}`,
      identity: 'riskflow',
      // A queue that only older builds have is theirs until their runs are over.
      ignoreMissingTaskQueues: true,
    })
    .catch((error: unknown) => {
      throw refusal(`make the build ${buildId} current`, error);
    });
  return { status: 'promoted', before: current?.buildId ?? null };
}

async function awaitBuild(server: Server, promote: Promote): Promise<readonly KnownBuild[]> {
  const end = Date.now() + (promote.onlyWhenNew ? PATIENCE_MS : 0);
  for (;;) {
    const builds = await listBuilds(server, promote);
    if (builds.some(({ buildId }) => buildId === promote.buildId)) return builds;
    if (Date.now() >= end) {
      const known = builds.length === 0 ? 'it knows none' : `it knows ${builds.map(({ buildId }) => buildId).join(', ')}`;
      throw new RiskflowError(
        'not_found',
        `Temporal knows no worker of the build "${promote.buildId}" of ${promote.deploymentName}: ${known}`,
        {
          hint: `start one first: riskflow worker --build-id ${promote.buildId}`,
        },
      );
    }
    await delay(POLL_MS);
  }
}

function refusal(what: string, cause: unknown): RiskflowError {
  const why = isGrpcServiceError(cause) ? cause.details : messageOf(cause);
  return new RiskflowError('failed', `Temporal does not ${what}: ${why}`, {
    cause,
    hint: 'worker versioning needs a server of version 1.29.1 or newer; without --build-id workers do without it',
  });
}
