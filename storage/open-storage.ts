import type { Storage } from '../schemas/core.ts';
import type { Database } from './database.ts';
import { acceptBatch } from './operations/accept-batch.ts';
import { findEffect, findReusableEffect } from './operations/find-effect.ts';
import { forgetReferrer, readReferrers } from './operations/forget-referrer.ts';
import { readLease, releaseLease, renewLease } from './operations/keep-lease.ts';
import { announcePresence, withdrawPresence } from './operations/presence.ts';
import { readBlobs } from './operations/read-blobs.ts';
import { readClaim } from './operations/read-claim.ts';
import { readLog, readStream } from './operations/read-events.ts';
import { readHead } from './operations/read-head.ts';
import { readDeadLetters, readInboxCounts, readOffset, readPending } from './operations/read-inbox.ts';
import { readRunStatus, readUnfinishedRuns } from './operations/read-run-status.ts';
import { takeLease } from './operations/take-lease.ts';
import { unfitReason } from './migrations/open-schema.ts';
import { releasedMigrations } from './migrations/released.ts';
import { allProjections } from './projections/all-projections.ts';
import { catchUp } from './projections/catch-up.ts';
import { rebuild } from './projections/rebuild.ts';
import { projectionStatus } from './projections/status.ts';
import { readEvaluation, readEvaluations, readResults } from './read-models/evaluations.ts';
import { readFlows, readFlowVersion, readFlowVersions } from './read-models/flows.ts';
import { readRuns } from './read-models/runs.ts';
import { readModelsTrained, readSampleSetVersions } from './read-models/samples.ts';
import { readScheduleOccurrences, readSchedules } from './read-models/schedules.ts';
import { readDecisions, readSources } from './read-models/sources.ts';
import type { Upcasters } from './upcasting.ts';
import { createWriter } from './writer.ts';

/** The storage over a database of either dialect, whose tables are there. */
export function storageOver(database: Database, upcasters: Upcasters): Storage {
  const writer = createWriter(database, upcasters);
  const head = readHead(database);
  const context = { database, upcasters, projections: allProjections };
  return {
    events: {
      write: writer.write,
      readStream: readStream(database, upcasters),
      readLog: readLog(database, upcasters),
      head: (workspaceId, log) => head(database.read, workspaceId, log),
      readClaim: readClaim(database),
      runStatus: readRunStatus(database),
      unfinishedRuns: readUnfinishedRuns(database),
    },
    leases: { take: takeLease(database), renew: renewLease(database), release: releaseLease(database), read: readLease(database) },
    presence: { announce: announcePresence(database), withdraw: withdrawPresence(database) },
    effects: { find: findEffect(database), findReusable: findReusableEffect(database), put: writer.putEffect },
    blobs: {
      read: async (workspaceId, sha256) => (await readBlobs(database.read, workspaceId, [sha256])).get(sha256),
      readMany: (workspaceId, sha256) => readBlobs(database.read, workspaceId, sha256),
      referrers: readReferrers(database),
      forget: forgetReferrer(database),
    },
    inbox: {
      accept: acceptBatch(database),
      pending: readPending(database),
      counts: readInboxCounts(database),
      offset: readOffset(database),
      deadLetters: readDeadLetters(database),
    },
    projections: { catchUp: catchUp(context), rebuild: rebuild(context), status: projectionStatus(context) },
    read: {
      flows: readFlows(database),
      flowVersions: readFlowVersions(database),
      flowVersion: readFlowVersion(database),
      sampleSetVersions: readSampleSetVersions(database),
      models: readModelsTrained(database),
      sources: readSources(database),
      decisions: readDecisions(database),
      evaluations: readEvaluations(database),
      evaluation: readEvaluation(database),
      results: readResults(database),
      runs: readRuns(database),
      schedules: readSchedules(database),
      scheduleOccurrences: readScheduleOccurrences(database),
    },
    settings: database.settings,
    unfit: () => unfitReason(database, releasedMigrations),
    close: async () => {
      await writer.close();
      await database.close();
    },
  };
}
