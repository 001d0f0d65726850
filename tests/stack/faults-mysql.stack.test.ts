import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultInputs, numbers } from './fault-flow.ts';
import { expectAgreement, expectCalls, openFaultRig, until, type FaultRig } from './fault-rig.ts';
import { makeDatabase, stackServers, type OwnDatabase } from './own-database.ts';
import { startOwnMysql, type OwnServer } from './own-servers.ts';
import { driveUndisturbed } from './undisturbed.ts';

const RUNS = 20;
const { temporal, missing, reason } = stackServers();

describe.skipIf(missing)(`kill -9 of MySQL${reason}`, () => {
  let server: OwnServer;
  let database: OwnDatabase;
  let rig: FaultRig;
  beforeAll(async () => {
    server = await startOwnMysql();
    database = await makeDatabase(server.address);
    rig = await openFaultRig({ mysql: database.url, temporal, taskQueue: database.name });
  }, 120_000);
  afterAll(async () => {
    await rig.close();
    await server.close();
  }, 60_000);

  it(
    `in mid-run and while answers come: ${RUNS} open runs end as undisturbed ones, and no call is made again`,
    { timeout: 180_000 },
    async () => {
      const inputs = faultInputs(RUNS);
      const undisturbed = await driveUndisturbed(inputs);
      const args = rig.argsOf(undisturbed);
      const { endpoint } = rig;
      const random = numbers(20261122);
      await rig.startWorker();
      await Promise.all(args.map((run) => rig.client.start(run)));

      const first = 1 + random(20);
      await until(() => endpoint.begun() >= first, `call ${first}`);
      await server.kill();
      const { length: before } = [...endpoint.calls().keys()];
      await server.restart();

      const second = before + 1 + random(20);
      await until(() => endpoint.begun() >= second, `call ${second}`);
      const release = endpoint.hold();
      await until(() => endpoint.begun() > endpoint.answered(), 'a call in flight');
      await server.kill();
      release();
      // Paid for, and nowhere to keep it.
      await until(() => endpoint.answered() === endpoint.begun(), 'all calls are answered');
      expect(endpoint.answered()).toBeLessThan(RUNS * 4);
      await server.restart();

      const ends = await Promise.all(args.map((run) => rig.client.result(run)));
      expect(ends.map((end) => end.status === 'finished' && end.data.status)).toEqual(inputs.map(() => 'succeeded'));
      expectCalls(rig, inputs, []);
      await expectAgreement(rig, inputs, undisturbed);
    },
  );
});
