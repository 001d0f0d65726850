import { decisions } from './decisions.ts';
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
  evaluations,
  results,
  runs,
  schedules,
  scheduleOccurrences,
];
