import { dailySpendTable } from './daily-spend.ts';
import { alertsTable } from './alerts.ts';
import { deadDeliveriesTable } from './dead-deliveries.ts';
import { decisionsTable } from './decisions.ts';
import { disagreementsTable } from './disagreements.ts';
import { evaluationsTable } from './evaluations.ts';
import { flowVersionsTable } from './flow-versions.ts';
import { flowsTable } from './flows.ts';
import { modelsTable } from './models.ts';
import { resultsTable } from './results.ts';
import { runsTable } from './runs.ts';
import { sampleSetVersionsTable } from './sample-set-versions.ts';
import { scheduleOccurrencesTable } from './schedule-occurrences.ts';
import { schedulesTable } from './schedules.ts';
import { sourcesTable } from './sources.ts';

export const projectionTables = [
  flowsTable,
  flowVersionsTable,
  sampleSetVersionsTable,
  modelsTable,
  sourcesTable,
  decisionsTable,
  dailySpendTable,
  disagreementsTable,
  evaluationsTable,
  resultsTable,
  runsTable,
  schedulesTable,
  scheduleOccurrencesTable,
  alertsTable,
  deadDeliveriesTable,
] as const;
