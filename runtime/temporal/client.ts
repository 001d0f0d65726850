import {
  defaultPayloadConverter,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  type WorkflowHandle,
} from '@temporalio/client';
import { ErrorCode, messageOf, RiskflowError } from '../../schemas/index.ts';
import type { runFlow, RunFlowArgs, RunFlowResult, RunName, RunView } from '../../workflows/index.ts';
import { priorityOf } from '../../workflows/core.ts';
import type { TemporalPlace } from './address.ts';
import { attendanceOf, type Attendance } from './attendance.ts';
import { payloadCodec } from './codec.ts';
import type { Context } from '../context.ts';
import { openTemporalClient } from './open-client.ts';
import { payloadBlobs, type PayloadBlobs } from './payload-blobs.ts';
import { neededTemporal } from './place.ts';
import { runLabels, workflowIdOf } from './run-labels.ts';
import { attributePairs, knownAttributes, missingSentence, runAttributes, type KnownAttributes } from './search-attributes.ts';

export { workflowIdOf } from './run-labels.ts';

export type RunClient = {
  /** Starts a run. Asked twice for the same run, under way or over, it starts nothing: the run is then the first one's. */
  start(args: RunFlowArgs): Promise<void>;
  /** Waits for the end of a run. @throws RiskflowError when there is no such run, or when it could not be driven to an end. */
  result(run: RunName): Promise<RunFlowResult>;
  /** Tells the owner of a run to stop it. The fact that it is to stop is to be noted in storage before. */
  stop(run: RunName, reason: string): Promise<'requested' | 'already-over'>;
  /** Tells the owner of a run that a person answered it. The answer is to be stored before. */
  answered(run: RunName): Promise<void>;
  /** What an open run was started with; undefined when there is none. @throws RiskflowError `missing_key` when it cannot be read */
  asked(run: RunName): Promise<RunFlowArgs | undefined>;
  /** Ends the workflow of a run that is over, or that nobody has begun. One that is over already stays so. */
  drop(run: RunName, reason: string): Promise<void>;
  /** Whether anybody works on it; undefined when it is not there, or over. */
  attendance(run: RunName): Promise<Attendance | undefined>;
  view(run: RunName): Promise<RunView>;
  close(): Promise<void>;
};

type RunHandle = WorkflowHandle<typeof runFlow>;

export type RunClientOptions = {
  /** Where large payloads lie. */
  readonly blobs?: PayloadBlobs;
  /** Told once what is missing on the server. */
  readonly onNotice?: (sentence: string) => void;
};

/** @throws RiskflowError `failed` when no server answers. */
export async function connectRunClient(place: TemporalPlace, { blobs, onNotice }: RunClientOptions = {}): Promise<RunClient> {
  const { namespace, taskQueue } = place;
  const { client, connection, close } = await openTemporalClient(place, blobs);
  let lookedUp: Promise<KnownAttributes> | undefined;
  const lookUp = async (): Promise<KnownAttributes> => {
    const known = await knownAttributes(connection, namespace);
    const sentence = missingSentence(known, namespace);
    if (sentence !== undefined) onNotice?.(sentence);
    return known;
  };
  const handleOf = (run: RunName): RunHandle => client.workflow.getHandle<typeof runFlow>(workflowIdOf(run));
  return {
    start: async (args) => {
      const known = await (lookedUp ??= lookUp());
      await client.workflow
        .start<typeof runFlow>('runFlow', {
          workflowId: workflowIdOf(args),
          taskQueue,
          args: [args],
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          workflowIdConflictPolicy: 'USE_EXISTING',
          priority: { priorityKey: priorityOf(args.started.data.mode) },
          typedSearchAttributes: attributePairs(runAttributes(args), known),
          ...runLabels(args),
        })
        .catch((error: unknown) => {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        });
    },
    result: (run) => outcomeOf(`run ${run.runId}`, () => handleOf(run).result()),
    stop: async (run, reason) => {
      try {
        await handleOf(run).signal('stop', reason);
        return 'requested';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'already-over';
        throw error;
      }
    },
    answered: async (run) => {
      try {
        await handleOf(run).signal('answered');
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },
    asked: async (run) => {
      const { history } = await connection.workflowService.getWorkflowExecutionHistory({
        namespace,
        execution: { workflowId: workflowIdOf(run) },
        maximumPageSize: 1,
      });
      const payloads = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
      const [payload] = await payloadCodec({ keys: place.keys ?? [], blobs }).decode([...payloads]);
      return payload === undefined ? undefined : defaultPayloadConverter.fromPayload<RunFlowArgs>(payload);
    },
    drop: async (run, reason) => {
      try {
        await handleOf(run).terminate(reason);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    },
    attendance: (run) => attendanceOf({ connection, namespace, taskQueue }, workflowIdOf(run)),
    view: (run) => outcomeOf(`run ${run.runId}`, () => handleOf(run).query<RunView>('state')),
    close,
  };
}

/** The same for the application: its place and its storage. @throws RiskflowError `usage` when no server is set, `failed` when none answers */
export const openAppRunClient = (
  context: Pick<Context, 'settings' | 'storage' | 'workspaceId'>,
  { onNotice }: Pick<RunClientOptions, 'onNotice'> = {},
): Promise<RunClient> =>
  connectRunClient(neededTemporal(context.settings.temporal), {
    blobs: payloadBlobs(context.storage, context.workspaceId),
    ...(onNotice === undefined ? {} : { onNotice }),
  });

/** What a workflow answers. `what`: `run r-1`. @throws RiskflowError when there is no such workflow, or when it could not be brought to an end */
export async function outcomeOf<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof WorkflowNotFoundError) throw new RiskflowError('not_found', `Temporal knows no ${what}`, { cause });
    if (!(cause instanceof WorkflowFailedError)) throw cause;
    const told = chainOf(cause).find((error) => isCode(typeOf(error))) ?? chainOf(cause).at(-1);
    const type = typeOf(told);
    throw new RiskflowError(isCode(type) ? type : ErrorCode.failed, `${what} could not be driven to an end: ${messageOf(told)}`, {
      cause,
    });
  }
}

const chainOf = (error: unknown): readonly unknown[] => [
  error,
  ...(error instanceof Error && error.cause !== undefined ? chainOf(error.cause) : []),
];

/** Activities give a failure the code of the error it was as its type. */
const typeOf = (error: unknown): unknown => (error instanceof Error && 'type' in error ? error.type : undefined);

const CODES: ReadonlySet<string> = new Set(Object.values(ErrorCode));
const isCode = (text: unknown): text is ErrorCode => typeof text === 'string' && CODES.has(text);
