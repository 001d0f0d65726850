import { describe, expect, it } from 'vitest';
import type { RiskflowEvent } from '../schemas/core.ts';
import { eventFixtures } from './contract/fixtures.ts';
import { upcasters } from './upcast-steps.ts';
import { currentSchemaVersion, upcast, type Upcasters } from './upcasting.ts';

/** Every event type; the compiler asks for a new one here. */
const types: Readonly<Record<RiskflowEvent['type'], true>> = {
  RunStarted: true,
  NodeStarted: true,
  NodeRetried: true,
  NodeContinued: true,
  ContainerStarted: true,
  PassStarted: true,
  NodeFinished: true,
  RunPaused: true,
  RunResumed: true,
  RunStopRequested: true,
  EffectDiscarded: true,
  RunFinished: true,
  FlowVersionPublished: true,
  SampleSetVersionCreated: true,
  ModelTrained: true,
  KnowledgeImported: true,
  SourceCreated: true,
  SourceConfigured: true,
  SourceControlled: true,
  SourceFlowSet: true,
  SourceSwitched: true,
  SourceIncarnationRaised: true,
  SourceOffsetMoved: true,
  BacktestStarted: true,
  BacktestFinished: true,
  ReplayStarted: true,
  ReplayFinished: true,
  DecisionMade: true,
  AlertRaised: true,
  AlertCleared: true,
  WindowCorrected: true,
  EvaluationStarted: true,
  ResultRecorded: true,
  EvaluationJudged: true,
  BatchControlled: true,
  BatchStarted: true,
  BatchListed: true,
  BatchFinished: true,
  ScheduleCreated: true,
  SchedulePaused: true,
  ScheduleResumed: true,
  ScheduleDeleted: true,
  ScheduleTriggered: true,
  ScheduleOccurred: true,
  ScheduleOccurrenceEnded: true,
  ScheduleOccurrencesMissed: true,
  DeliveryRefused: true,
  DeliveryRedelivered: true,
  DeliveryDelayed: true,
};

describe('fixtures of released events', () => {
  const fixtures = eventFixtures();

  it.each(Object.keys(types))('hold every released form of %s', (type) => {
    const versions = new Set(fixtures.filter((fixture) => fixture.type === type).map(({ schemaVersion }) => schemaVersion));
    const released = Array.from({ length: currentSchemaVersion(upcasters, type) }, (_, i) => i + 1);
    expect(Array.from(versions).toSorted((a, b) => a - b)).toEqual(released);
  });

  it('name no type that is not an event', () => {
    expect(fixtures.map(({ type }) => type).filter((type) => !(type in types))).toEqual([]);
  });

  it('of the current form are read as they are; older ones have all fields of the current form afterwards', () => {
    for (const { type, schemaVersion, data } of fixtures) {
      const read = upcast(upcasters, type, { schemaVersion, data });
      if (schemaVersion === currentSchemaVersion(upcasters, type)) expect(read).toBe(data);
      const current = fixtures.find((other) => other.type === type && other.schemaVersion === currentSchemaVersion(upcasters, type));
      expect(Object.keys(read as object).toSorted()).toEqual(Object.keys(current?.data as object).toSorted());
    }
  });
});

describe('upcasting', () => {
  const registry: Upcasters = {
    Grown: [(data) => ({ ...(data as object), second: 2 }), (data) => ({ ...(data as object), third: 3 })],
  };

  it.each([
    { type: 'Grown', schemaVersion: 1, data: { first: 1 }, read: { first: 1, second: 2, third: 3 } },
    { type: 'Grown', schemaVersion: 2, data: { first: 1, second: 9 }, read: { first: 1, second: 9, third: 3 } },
    { type: 'Grown', schemaVersion: 3, data: { first: 1 }, read: { first: 1 } },
    { type: 'Grown', schemaVersion: 1, data: null, read: null },
    { type: 'Other', schemaVersion: 1, data: { first: 1 }, read: { first: 1 } },
  ])('runs the steps from version $schemaVersion of $type on', ({ type, schemaVersion, data, read }) => {
    expect(upcast(registry, type, { schemaVersion, data })).toEqual(read);
  });

  it.each([
    { type: 'Grown', schemaVersion: 4 },
    { type: 'Other', schemaVersion: 2 },
  ])('refuses version $schemaVersion of $type, which a newer Riskflow wrote', ({ type, schemaVersion }) => {
    expect(() => upcast(registry, type, { schemaVersion, data: null })).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });

  it('counts the current version from the steps', () => {
    expect([currentSchemaVersion(registry, 'Grown'), currentSchemaVersion(registry, 'Other')]).toEqual([3, 1]);
  });
});
