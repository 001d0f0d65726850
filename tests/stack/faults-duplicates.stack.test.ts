import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemporalClient, type TemporalClient } from '../../runtime/temporal/open-client.ts';
import { workflowIdOf } from '../../runtime/temporal/client.ts';
import { faultInputs } from './fault-flow.ts';
import { expectAgreement, expectCalls, openFaultRig, type FaultRig } from './fault-rig.ts';
import { makeDatabase, stackServers, type OwnDatabase } from './own-database.ts';
import { driveUndisturbed } from './undisturbed.ts';

const RUNS = 10;
const { mysql, temporal, missing, reason } = stackServers();

describe.skipIf(missing)(`a run that is started twice${reason}`, () => {
  let database: OwnDatabase;
  let rig: FaultRig;
  let raw: TemporalClient;
  beforeAll(async () => {
    database = await makeDatabase(mysql);
    rig = await openFaultRig({ mysql: database.url, temporal, taskQueue: database.name });
    raw = await openTemporalClient(rig.place);
  }, 60_000);
  afterAll(async () => {
    await raw.close();
    await rig.close();
    await database.drop();
  }, 60_000);

  it('at once by two clients, and when it is over: one set of events, each call once', { timeout: 90_000 }, async () => {
    const inputs = faultInputs(RUNS);
    const undisturbed = await driveUndisturbed(inputs);
    const args = rig.argsOf(undisturbed);
    const other = await rig.connect();
    await rig.startWorker();
    const executions = (): Promise<readonly string[]> =>
      Promise.all(args.map(async (run) => (await raw.client.workflow.getHandle(workflowIdOf(run)).describe()).runId));
    const results = (client = rig.client): Promise<readonly unknown[]> => Promise.all(args.map((run) => client.result(run)));

    await Promise.all(args.flatMap((run) => [rig.client.start(run), other.start(run)]));
    const first = await executions();
    const ends = await results();
    expect(await results(other)).toEqual(ends);

    await Promise.all(args.flatMap((run) => [rig.client.start(run), other.start(run)]));
    expect(await executions()).toEqual(first);
    expect(await results()).toEqual(ends);
    expectCalls(rig, inputs, []);
    await expectAgreement(rig, inputs, undisturbed);
  });
});
