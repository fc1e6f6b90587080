import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import {
  allAtRest,
  choices,
  decideUntilTaken,
  decisionCensus,
  type Outcome,
  sendUndecided,
} from '../support/faults/decisions.ts';
import { fastLauncher } from '../support/faults/launcher.ts';
import { isRunning, workersOf } from '../support/faults/processes.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { documentsUnderWay, metTheMiddle } from '../support/faults/under-way.ts';
import { until } from '../support/faults/until.ts';

/**
 * `kill -9` while people decide: the same documents get the same decisions twice, once in peace and once while daemon and
 * workers are killed around the decisions. Nothing may be half done, nothing done twice, and the log must tell all of it.
 */

const TENANT = 'acme';
const EACH = ALL_FAULTS ? 20 : 3;
const KILLS = ALL_FAULTS ? 60 : 5;

describe(`decisions about ${EACH * 4} documents under ${KILLS} kills`, {
  timeout: ALL_FAULTS ? 3_600_000 : 600_000,
}, () => {
  const programs = mkdtempSync(join(tmpdir(), 'frostbyte-program-'));
  const launcher = fastLauncher(join(programs, 'frostbyte'));
  let calm: Record<string, Outcome>;
  let killed: Record<string, Outcome>;

  before(async () => {
    calm = await run(0);
    killed = await run(KILLS);
  });
  after(() => rmSync(programs, { recursive: true, force: true }));

  async function run(kills: number): Promise<Record<string, Outcome>> {
    const appliance = await startAppliance({
      environment: { FROSTBYTE_LOG_LEVEL: 'warn' },
      ...(launcher ? { launcher } : {}),
    });
    // Both runs decide alike; only the killed one asks the second generator.
    const [random, fate] = [seeded(31), seeded(32)];
    const moments: string[] = [];
    const met: boolean[] = [];
    const blow = async (victim: 'daemon' | 'worker') => {
      moments.push(
        await strike(appliance, victim, () => met.push(documentsUnderWay(appliance.dataFolder, TENANT) > 0)),
      );
    };
    try {
      await appliance.createTenant(TENANT);
      const waiting = await sendUndecided(appliance, TENANT, EACH);
      const admin = await appliance.token({ role: 'admin', subject: 'frode' });
      const decisions = await choices(await appliance.client(TENANT), TENANT, waiting, random);
      const hit = new Set<number>();
      while (hit.size < Math.min(kills, decisions.length)) hit.add(fate.whole(0, decisions.length - 1));
      for (const [n, choice] of decisions.entries()) {
        const sent = decideUntilTaken(appliance, admin, choice);
        if (hit.has(n)) {
          await wait(fate.whole(0, 40));
          await blow(fate.next() < 0.6 ? 'daemon' : 'worker');
        }
        await sent;
      }
      // The rest of the blows, while the stages are at work on what was decided.
      for (let n = hit.size; n < kills; n++) {
        await wait(fate.whole(0, 200));
        await blow(fate.next() < 0.5 ? 'daemon' : 'worker');
      }
      await allAtRest(appliance, TENANT);
      metTheMiddle(met, 'a document');
      console.log(`# seed ${fate.seed}: ${moments.length} kills ${moments.join(' ')}`);
      await appliance.stop();
      return await decisionCensus(appliance.dataFolder, TENANT);
    } catch (error) {
      console.log(appliance.logs().slice(-6000));
      console.log(`# seed ${fate.seed}: ${moments.join(' ')}`);
      throw error;
    } finally {
      await appliance.end();
    }
  }

  it('takes every decision once and finishes every document, with a whole chain', () => {
    // `decisionCensus` has looked into everything; what is left to say is that it was about all of it.
    assert.equal(Object.keys(killed).length, EACH * 4);
    assert.ok(
      Object.values(killed).some(({ state }) => state === 'quarantined'),
      'some were rejected',
    );
    assert.ok(Object.values(killed).filter(({ state }) => state === 'indexed').length > EACH, 'more went on');
  });

  it('ends with the states, classes, chunks, vectors and events of an undisturbed run', () => {
    assert.deepEqual(killed, calm);
  });
});

/** `dead` is called when the victim is, before anything goes on. */
async function strike(appliance: Appliance, victim: 'daemon' | 'worker', dead: () => void): Promise<string> {
  if (victim === 'daemon') {
    await appliance.kill();
    dead();
    await appliance.restart();
    return 'daemon';
  }
  const daemon = appliance.process.pid!;
  const [worker] = await until('a worker', () => (workersOf(daemon).length > 0 ? workersOf(daemon) : null));
  process.kill(worker!, 'SIGKILL');
  dead();
  await until('the death of the worker', () => !isRunning(worker!), { everyMs: 2 });
  return 'worker';
}
