import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { whenSettled } from '../support/batch.ts';
import { census } from '../support/faults/census.ts';
import { faultBatches, faultDocuments } from '../support/faults/corpus.ts';
import { fastLauncher } from '../support/faults/launcher.ts';
import { killIfThere, type RoleProcess, rolesOf, workersOf } from '../support/faults/processes.ts';
import { eventsCommitted } from '../support/faults/progress.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';
import { sendUntilReceived } from '../support/faults/upload.ts';

/**
 * `kill -9` of each role while documents are taken and worked on: the others go on, whoever cannot be served is told when
 * to try again, and in the end nothing was lost and nothing done twice.
 */

const TENANT = 'acme';
const DOCUMENTS = 30;
const BATCH = 5;
const KILLS = ALL_FAULTS ? 80 : 5;
/** Less than what one document commits; kills are spread over what all of them commit. */
const EVENTS_A_DOCUMENT = 6;

type Victim = RoleProcess['role'] | 'worker';
const VICTIMS: readonly Victim[] = ['control', 'data-plane', 'gateway', 'worker'];

describe('processes of their own', { timeout: ALL_FAULTS ? 3_600_000 : 600_000 }, () => {
  const programs = mkdtempSync(join(tmpdir(), 'frostbyte-program-'));
  const launcher = fastLauncher(join(programs, 'frostbyte'));
  after(() => rmSync(programs, { recursive: true, force: true }));

  const start = (environment: Record<string, string> = {}): Promise<Appliance> =>
    startAppliance({
      arrangement: 'split',
      environment: { FROSTBYTE_LOG_LEVEL: 'warn', ...environment },
      ...(launcher ? { launcher } : {}),
    });

  const pidOf = (appliance: Appliance, role: Victim, tenant?: string): number | undefined =>
    role === 'worker'
      ? workersOf(appliance.process.pid!)[0]
      : rolesOf(appliance.process.pid!).find((one) => one.role === role && (!tenant || one.tenant === tenant))?.pid;

  it(`lose and repeat nothing of ${DOCUMENTS} documents under ${KILLS} kills, and say when to try again`, async () => {
    const batches = faultBatches(TENANT, faultDocuments(DOCUMENTS), BATCH);
    const random = seeded(7);
    const appliance = await start();
    const answers = new Map<string, number>();
    let over = false;
    try {
      await appliance.createTenant(TENANT, { classification_review_enabled: false });
      const token = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
      const asking = (async () => {
        while (!over) {
          const answer = await look(appliance, token);
          answers.set(answer, (answers.get(answer) ?? 0) + 1);
        }
      })();
      const killing = (async () => {
        for (let n = 0; n < KILLS; n++) {
          const victim = VICTIMS[n % VICTIMS.length]!;
          const moment = ((n + random.next()) / KILLS) * DOCUMENTS * EVENTS_A_DOCUMENT * 0.8;
          await until('progress', () => over || eventsCommitted(appliance.dataFolder, TENANT) >= moment);
          const pid = await until(`a ${victim} to kill`, () => pidOf(appliance, victim));
          killIfThere(pid);
        }
      })();
      for (const batch of batches) await sendUntilReceived(appliance, token, TENANT, batch);
      await killing;
      const client = await until('an answer', () => appliance.client(TENANT).catch(() => null));
      await until('an answer', () => look(appliance, token).then((answer) => answer === '200'));
      for (const { manifest } of batches) {
        const { status } = await whenSettled(client, TENANT, manifest.batch_id);
        assert.equal(status, 'completed');
      }
      over = true;
      await asking;
      assert.equal(await appliance.stop(), 0);
      const found = await census(appliance.dataFolder, TENANT, batches);
      assert.equal(Object.keys(found.documents).length, DOCUMENTS);
      assert.equal(found.batches, DOCUMENTS / BATCH);
    } catch (error) {
      console.log(appliance.logs().slice(-6000));
      throw error;
    } finally {
      over = true;
      await appliance.end();
    }
    console.log(`# answers meanwhile: ${[...answers].map(([answer, count]) => `${answer} × ${count}`).join(', ')}`);
    const known = ['200', '503 with a time to try again', 'nobody listens'];
    assert.deepEqual(
      [...answers.keys()].filter((answer) => !known.includes(answer)),
      [],
    );
    assert.ok((answers.get('200') ?? 0) > 0);
  });

  it('a tenant is suspended within a second although its data plane hangs; the others notice nothing', async () => {
    const appliance = await start({ FROSTBYTE_DRAIN_SECONDS: '1' });
    try {
      for (const tenant of [TENANT, 'globex']) await appliance.createTenant(tenant);
      const admin = await appliance.caller({ role: 'admin' }, 'test');
      const dana = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
      assert.equal(await look(appliance, dana), '200');
      const hung = pidOf(appliance, 'data-plane', TENANT)!;
      process.kill(hung, 'SIGSTOP');
      const waiting = look(appliance, dana);
      const before = performance.now();
      const stopped = await admin('POST', `/admin/tenants/${TENANT}/suspend`, { reason: 'it hangs' });
      assert.equal(stopped.status, 200);
      assert.equal((await admin('GET', `/ingest/${TENANT}/batches`)).code, 'TENANT_SUSPENDED');
      assert.ok(performance.now() - before < 1000, `${performance.now() - before} ms`);
      const other = await appliance.token({ role: 'tenant_admin', tenant_id: 'globex' });
      assert.equal(await look(appliance, other, 'globex'), '200');
      // What was in flight is refused once the drain is over, and the hung process is gone.
      assert.equal(await waiting, '503 with a time to try again');
      await until('the end of the data plane', () => pidOf(appliance, 'data-plane', TENANT) === undefined);
      assert.equal((await admin('POST', `/admin/tenants/${TENANT}/resume`, { reason: 'mended' })).status, 200);
      const again = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
      assert.equal(await look(appliance, again), '200');
    } finally {
      await appliance.end();
    }
  });

  it('data planes end with control and come back with it, with other processes', async () => {
    const appliance = await start();
    try {
      await appliance.createTenant(TENANT);
      const token = await appliance.token({ role: 'tenant_admin', tenant_id: TENANT });
      assert.equal(await look(appliance, token), '200');
      const [control, plane] = [pidOf(appliance, 'control')!, pidOf(appliance, 'data-plane')!];
      process.kill(plane, 'SIGSTOP');
      process.kill(control, 'SIGKILL');
      await until('another data plane', () => {
        const planes = rolesOf(appliance.process.pid!).filter(({ role }) => role === 'data-plane');
        return planes.length === 1 && planes[0]!.pid !== plane;
      });
      assert.notEqual(pidOf(appliance, 'control'), control);
      await until('an answer', () => look(appliance, token).then((answer) => answer === '200'));
    } finally {
      await appliance.end();
    }
  });
});

/** How a small request is answered. */
async function look(appliance: Appliance, token: string, tenant = TENANT): Promise<string> {
  try {
    const response = await fetch(`${appliance.url}/api/v1/ingest/${tenant}/batches`, {
      headers: { authorization: `Bearer ${token}`, connection: 'close' },
    });
    await response.arrayBuffer();
    if (response.status !== 503) return String(response.status);
    return Number(response.headers.get('retry-after')) >= 1 ? '503 with a time to try again' : '503';
  } catch {
    return 'nobody listens';
  }
}
