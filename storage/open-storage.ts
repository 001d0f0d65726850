import type { Storage } from '../schemas/core.ts';
import type { Database } from './database.ts';
import { acceptBatch } from './inbox/accept-batch.ts';
import { readDeadLetter, readDeadLetters, replayLetter } from './inbox/dead-letters.ts';
import { forgetOlderTasks, forgetTasks, listTasks, reportTask } from './inbox/source-tasks.ts';
import { trimInbox, trimmedOf } from './inbox/trim-inbox.ts';
import { moveOffset, readOffset, readOffsets } from './inbox/offset-rows.ts';
import { pushRecords } from './inbox/push-records.ts';
import { countPending, readInboxCounts, readLastArrival, readPending, readRange, readRecord } from './inbox/read-records.ts';
import { findEffect, findReusableEffect } from './operations/find-effect.ts';
import { forgetReferrer, readReferrers } from './operations/forget-referrer.ts';
import { readLease, releaseLease, renewLease } from './operations/keep-lease.ts';
import { announcePresence, withdrawPresence } from './operations/presence.ts';
import { readBlobs } from './operations/read-blobs.ts';
import { readClaim } from './operations/read-claim.ts';
import { readLastOf, readLog, readStream, readTypes } from './operations/read-events.ts';
import { readHead } from './operations/read-head.ts';
import { readRunStatus, readUnfinishedRuns } from './operations/read-run-status.ts';
import { advanceRelay, readRelayCursor, readRelayCursors } from './operations/relay-cursors.ts';
import { takeLease } from './operations/take-lease.ts';
import { unfitReason } from './migrations/open-schema.ts';
import { releasedMigrations } from './migrations/released.ts';
import { allProjections } from './projections/all-projections.ts';
import { catchUp } from './projections/catch-up.ts';
import { rebuild } from './projections/rebuild.ts';
import { projectionStatus } from './projections/status.ts';
import { countDeadDeliveries, readDeadDeliveries } from './read-models/dead-deliveries.ts';
import { readEvaluation, readEvaluations, readResults } from './read-models/evaluations.ts';
import { readFlows, readFlowVersion, readFlowVersions } from './read-models/flows.ts';
import { readRuns } from './read-models/runs.ts';
import { readModelsTrained, readSampleSetVersions } from './read-models/samples.ts';
import { readScheduleOccurrences, readSchedules } from './read-models/schedules.ts';
import { countComparedLabels, readComparedDecisions, readDailySpend } from './read-models/disagreements.ts';
import { readDecision, readDecisions, readDecisionsAbout, readSources } from './read-models/sources.ts';
import { readAlert, readAlerts } from './read-models/alerts.ts';
import { applyTrends, replaceTrends } from './trends/apply-trends.ts';
import { readPanes, readTrendProgress } from './trends/read-trends.ts';
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
      lastOf: readLastOf(database, upcasters),
      readLog: readLog(database, upcasters),
      readTypes: readTypes(database, upcasters),
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
      push: pushRecords(database),
      pending: readPending(database),
      pendingCount: countPending(database),
      range: readRange(database),
      record: readRecord(database),
      lastArrival: readLastArrival(database),
      counts: readInboxCounts(database),
      offset: readOffset(database),
      offsets: readOffsets(database),
      moveOffset: moveOffset(database),
      deadLetters: readDeadLetters(database),
      deadLetter: readDeadLetter(database),
      replay: replayLetter(database),
      trim: trimInbox(database),
      trimmed: trimmedOf(database),
    },
    relays: { cursor: readRelayCursor(database), cursors: readRelayCursors(database), advance: advanceRelay(database) },
    tasks: {
      report: reportTask(database),
      list: listTasks(database),
      forget: forgetTasks(database),
      forgetOlder: forgetOlderTasks(database),
    },
    trends: {
      apply: applyTrends(database, upcasters),
      replace: replaceTrends(database),
      panes: readPanes(database),
      progress: readTrendProgress(database),
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
      decision: readDecision(database),
      decisionsAbout: readDecisionsAbout(database),
      dailySpend: readDailySpend(database),
      comparedDecisions: readComparedDecisions(database),
      comparedLabels: countComparedLabels(database),
      alerts: readAlerts(database),
      alert: readAlert(database),
      deadDeliveries: readDeadDeliveries(database),
      deadDeliveryCount: countDeadDeliveries(database),
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
