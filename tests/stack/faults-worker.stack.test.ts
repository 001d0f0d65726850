import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFaultRig, expectAgreement, expectCalls, inFlightNow, until, type FaultRig, type InFlight } from './fault-rig.ts';
import { faultInputs, numbers } from './fault-flow.ts';
import { makeDatabase, stackServers, type OwnDatabase } from './own-database.ts';
import { driveUndisturbed } from './undisturbed.ts';

const RUNS = 24;
const KILLS = 3;
const { mysql, temporal, missing, reason } = stackServers();

describe.skipIf(missing)(`kill -9 of a worker${reason}`, () => {
  let database: OwnDatabase;
  let rig: FaultRig;
  beforeEach(async () => {
    database = await makeDatabase(mysql);
    rig = await openFaultRig({ mysql: database.url, temporal, taskQueue: database.name });
  }, 30_000);
  afterEach(async () => {
    await rig.close();
    await database.drop();
  }, 30_000);

  it(
    `${KILLS} times at random moments of ${RUNS} open runs: all end as undisturbed ones, and only calls in flight are made again`,
    { timeout: 180_000 },
    async () => {
      const inputs = faultInputs(RUNS);
      const undisturbed = await driveUndisturbed(inputs);
      const args = rig.argsOf(undisturbed);
      const random = numbers(20261121);
      const faults: InFlight[] = [];
      let before = rig.endpoint.calls();
      let worker = await rig.startWorker();
      await Promise.all(args.map((run) => rig.client.start(run)));
      for (let kill = 0; kill < KILLS; kill++) {
        const moment = rig.endpoint.begun() + 1 + random(20);
        await until(() => rig.endpoint.begun() >= moment, `call ${moment}`);
        // The first time answers are held back, so that it certainly hits calls in flight.
        const release = kill === 0 ? rig.endpoint.hold() : undefined;
        if (kill === 0) await until(() => rig.endpoint.begun() > rig.endpoint.answered(), 'a call in flight');
        worker.child.kill('SIGKILL');
        await worker.finished;
        release?.();
        faults.push(await inFlightNow(rig, inputs, before));
        before = rig.endpoint.calls();
        worker = await rig.startWorker();
      }
      const ends = await Promise.all(args.map((run) => rig.client.result(run)));
      expect(ends.map((end) => end.status === 'finished' && end.data.status)).toEqual(inputs.map(() => 'succeeded'));
      expectCalls(rig, inputs, faults);
      // Else the kills hit nothing.
      expect(faults[0]?.unanswered.size, 'calls in flight').toBeGreaterThan(0);
      await expectAgreement(rig, inputs, undisturbed);
      worker.child.kill('SIGTERM');
      expect((await worker.finished).code).toBe(0);
    },
  );
});
