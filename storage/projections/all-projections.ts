import { dailySpend } from './daily-spend.ts';
import { alerts } from './alerts.ts';
import { deadDeliveries } from './dead-deliveries.ts';
import { decisions } from './decisions.ts';
import { disagreements } from './disagreements.ts';
import { evaluations } from './evaluations.ts';
import { flowVersions } from './flow-versions.ts';
import { flows } from './flows.ts';
import { models } from './models.ts';
import type { Projection } from './projection.ts';
import { results } from './results.ts';
import { runs } from './runs.ts';
import { sampleSetVersions } from './sample-set-versions.ts';
import { scheduleOccurrences } from './schedule-occurrences.ts';
import { schedules } from './schedules.ts';
import { sources } from './sources.ts';

export const allProjections: readonly Projection[] = [
  flows,
  flowVersions,
  sampleSetVersions,
  models,
  sources,
  decisions,
  dailySpend,
  disagreements,
  evaluations,
  results,
  runs,
  schedules,
  scheduleOccurrences,
  alerts,
  deadDeliveries,
];
