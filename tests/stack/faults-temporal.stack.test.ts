import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultInputs, numbers } from './fault-flow.ts';
import { expectAgreement, expectCalls, openFaultRig, until, type FaultRig } from './fault-rig.ts';
import { makeDatabase, stackServers, type OwnDatabase } from './own-database.ts';
import { startOwnTemporal } from './own-servers.ts';
import { driveUndisturbed } from './undisturbed.ts';

const RUNS = 20;
const { mysql, missing, reason } = stackServers();

describe.skipIf(missing)(`kill -9 of Temporal's server${reason}`, () => {
  let server: Awaited<ReturnType<typeof startOwnTemporal>>;
  let database: OwnDatabase;
  let rig: FaultRig;
  beforeAll(async () => {
    [server, database] = await Promise.all([startOwnTemporal(), makeDatabase(mysql)]);
    rig = await openFaultRig({ mysql: database.url, temporal: server.address, taskQueue: database.name });
  }, 120_000);
  afterAll(async () => {
    await rig.close();
    await server.close();
    await database.drop();
  }, 60_000);

  it(
    `in mid-run and while answers come: worker and client reconnect, ${RUNS} open runs end as undisturbed ones, no call is made again`,
    { timeout: 180_000 },
    async () => {
      const inputs = faultInputs(RUNS);
      const undisturbed = await driveUndisturbed(inputs);
      const args = rig.argsOf(undisturbed);
      const { endpoint } = rig;
      const random = numbers(20261123);
      const worker = await rig.startWorker();
      await Promise.all(args.map((run) => rig.client.start(run)));
      // Asked before the server goes: whoever waits for a run need not ask again.
      const ends = Promise.all(args.map((run) => rig.client.result(run)));
      ends.catch(() => undefined);

      const first = 1 + random(20);
      await until(() => endpoint.begun() >= first, `call ${first}`);
      await server.kill();
      await server.restart();

      const second = endpoint.begun() + 1 + random(15);
      await until(() => endpoint.begun() >= second, `call ${second}`);
      const release = endpoint.hold();
      await until(() => endpoint.begun() > endpoint.answered(), 'a call in flight');
      await server.kill();
      release();
      await until(() => endpoint.answered() === endpoint.begun(), 'all calls are answered');
      expect(endpoint.answered()).toBeLessThan(RUNS * 4);
      await server.restart();

      expect((await ends).map((end) => end.status === 'finished' && end.data.status)).toEqual(inputs.map(() => 'succeeded'));
      expectCalls(rig, inputs, []);
      await expectAgreement(rig, inputs, undisturbed);
      // The same worker all the time.
      expect(worker.child.exitCode).toBeNull();
      worker.child.kill('SIGTERM');
      expect((await worker.finished).code).toBe(0);

      // Temporal keeps what is over for some days, and a lost database file loses it at once. What is in storage holds longer: a run that
      // is asked for again begins again in Temporal, and finds nothing left to do.
      await server.kill();
      server.forget();
      await server.restart();
      await rig.startWorker();
      const other = await rig.connect();
      await Promise.all(args.flatMap((run) => [rig.client.start(run), other.start(run)]));
      expect(await Promise.all(args.map((run) => rig.client.result(run)))).toEqual(await ends);
      expectCalls(rig, inputs, []);
      await expectAgreement(rig, inputs, undisturbed);
    },
  );
});
