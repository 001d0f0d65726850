import { createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stackServers } from './own-database.ts';
import { drain, openWorkerRig, type WorkerRig } from './worker-rig.ts';

const { missing, reason } = stackServers();

describe.skipIf(missing)(`the tables under an idle worker${reason}`, { timeout: 60_000 }, () => {
  let rig: WorkerRig;
  beforeEach(async () => {
    rig = await openWorkerRig();
  });
  afterEach(() => rig.close());

  /** Past the program, as somebody with a client of the database would. */
  const setLevel = async (level: number): Promise<void> => {
    const connection = await createConnection(rig.environment()['RISKFLOW_MYSQL_URL'] ?? '');
    await connection.query('update schema_state set level = ?', [level]);
    await connection.end();
  };

  it('are not taken away from it; when somebody does, it is no longer ready, says so, and lives on', async () => {
    const worker = await rig.worker();
    const refused = await rig.cli(['migrate', '--back']);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(
        new RegExp(`^riskflow: the process ${worker.child.pid ?? 0} on \\S+ is up \\(riskflow worker\\)\\n {2}→ nothing was changed`),
      ),
    ]);
    const ready = async (): Promise<unknown> => {
      const response = await fetch(`${worker.ready.http}/health/ready`);
      return [response.status, await response.text()];
    };
    const whole = [200, '{"status":"ready"}\n'];
    expect(await ready()).toEqual(whole);
    await setLevel(1);
    expect(await ready()).toEqual([503, expect.stringContaining('the tables have level 1, and this release needs level 3')]);
    await expect.poll(worker.told, { timeout: 20_000 }).toContain('cannot work on: the tables were changed under this process');
    expect(worker.child.exitCode).toBeNull();
    await setLevel(3);
    expect(await ready()).toEqual(whole);
    const { code, stderr } = await drain(worker);
    expect([code, stderr.split('cannot work on').length]).toEqual([0, 2]);
    const back = await rig.cli(['migrate', '--back']);
    expect([back.code, back.stdout]).toEqual([0, expect.stringContaining('went back from level 3 to level 2')]);
  });
});
