import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { awaitReady } from '../../../../appliance/bundle/install/phases/await-ready.ts';
import { installEngine } from '../../../../appliance/bundle/install/phases/container-engine.ts';
import { loadReleaseImages } from '../../../../appliance/bundle/install/phases/load-images.ts';
import { placeSignatures } from '../../../../appliance/bundle/install/phases/place-signatures.ts';
import { proveRecovery } from '../../../../appliance/bundle/install/phases/prove-recovery.ts';
import { startServices } from '../../../../appliance/bundle/install/phases/start-services.ts';
import { isolationCheck, smokeTest } from '../../../../appliance/bundle/install/phases/use-installation.ts';
import type {
  EngineOnHost,
  InputRule,
  InstallationChecks,
  RecoveryProof,
  ReleaseImages,
  Services,
} from '../../../../appliance/bundle/install/tools.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { bundleWorld, INPUTS } from '../../../support/bundle-world.ts';
import { noTime, phaseWorld } from '../../../support/phase-world.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'frostbyte-phases-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const { notes, steps, runOf, through } = phaseWorld();

describe('the engine', () => {
  const release = () => join(folder, 'release');
  const bring = (...names: string[]) => {
    mkdirSync(join(release(), 'host/engine'), { recursive: true });
    for (const name of names) writeFileSync(join(release(), 'host/engine', `${name}_1_amd64.deb`), '');
  };
  /** A host whose packages are a set; its engine answers once it was started and asked some times. */
  function host(installed: Set<string>, slow = 0): EngineOnHost & { log: string[] } {
    const log: string[] = [];
    const names = (files: readonly string[]) => files.map((file) => file.split('/').at(-1)!.split('_')[0]!);
    let left = slow;
    return {
      log,
      answers: async () => installed.has('docker.io') && left-- <= 0,
      lacking: async (files) => names(files).filter((name) => !installed.has(name)),
      async install(files) {
        log.push(`install ${names(files).join(' ')}`);
        for (const name of names(files)) installed.add(name);
      },
      start: async () => installed.has('docker.io') && log.push('start') > 0,
      async remove(given) {
        log.push(`remove ${given.join(' ')}`);
        for (const name of given) installed.delete(name);
      },
    };
  }

  it('comes with the bundle where the host has none, is waited for, and goes again with what it brought alone', async () => {
    bring('containerd', 'docker.io', 'runc');
    const installed = new Set(['runc']);
    const engine = host(installed, 3);
    const phase = installEngine(release(), engine, noTime());
    const before = await through(phase);
    assert.deepEqual(before, ['containerd', 'docker.io']);
    assert.deepEqual(notes, ['installed from the bundle: containerd, docker.io']);
    await phase.undo!(runOf(before));
    await phase.undo!(runOf(before));
    assert.deepEqual(engine.log, ['install containerd docker.io runc', 'start', 'remove containerd docker.io']);
    assert.deepEqual([...installed], ['runc']);
  });

  it('that answers is left alone; one that is not up yet is started and waited for', async () => {
    bring('docker.io');
    const engine = host(new Set(['docker.io']));
    assert.equal(await installEngine(release(), engine).check({ recorded: false }), true);
    assert.deepEqual(engine.log, []);
    const slow = host(new Set(['docker.io']), 5);
    await through(installEngine(release(), slow, noTime()));
    assert.deepEqual(slow.log, ['start']);
  });

  it('that is not there and was not brought, or does not answer, is said with what to do', async () => {
    const without = installEngine(release(), host(new Set()), noTime());
    await assert.rejects(without.do(runOf([])), {
      code: 'OPERATION_FAILED',
      message: /No container engine answers, and none could be started\. Install/,
    });
    bring('docker.io');
    const dead = installEngine(release(), host(new Set(), 1000), noTime());
    await assert.rejects(dead.do(runOf(['docker.io'])), {
      message: /does not answer after 90 s\. See journalctl -u docker/,
    });
  });
});

describe('malware signatures', () => {
  const [release, target] = ['release', 'data/signatures'];
  const bring = (names: Record<string, string>) => {
    mkdirSync(join(folder, release, 'signatures'), { recursive: true });
    for (const [name, text] of Object.entries(names)) writeFileSync(join(folder, release, 'signatures', name), text);
  };
  const phase = () => placeSignatures(join(folder, release), join(folder, target));

  it('are put in their place; newer ones that lie there stay; undone, those go that were brought', async () => {
    bring({ 'daily.cvd': 'of the bundle', 'main.cvd': 'main' });
    mkdirSync(join(folder, target), { recursive: true });
    writeFileSync(join(folder, target, 'daily.cvd'), 'newer');
    const before = await through(phase());
    assert.equal(readFileSync(join(folder, target, 'daily.cvd'), 'utf8'), 'newer');
    assert.equal(readFileSync(join(folder, target, 'main.cvd'), 'utf8'), 'main');
    await phase().undo!(runOf(before));
    assert.deepEqual(readdirSync(join(folder, target)), ['daily.cvd']);
  });

  it('that a fresh host got go with their folder', async () => {
    bring({ 'main.cvd': 'main' });
    const before = await through(phase());
    await phase().undo!(runOf(before));
    assert.equal(existsSync(join(folder, target)), false);
  });

  it('that are nowhere are asked for, since nothing is taken unscanned', async () => {
    assert.equal(await phase().check({ recorded: true }), false);
    await assert.rejects(phase().do(runOf()), {
      code: 'OPERATION_FAILED',
      message: /no malware signatures.*plan resume/,
    });
  });
});

describe('images', () => {
  it('are sent where they are missing, told in bytes, and those that were brought go again', async () => {
    const world = bundleWorld();
    const { path } = await world.build('release', {
      inputs: [...INPUTS, { path: 'images/index.json', from: Buffer.from('{}') }],
    });
    let lacking = ['frostbyte.local/postgres:1.2.3', 'frostbyte.local/redis:1.2.3'];
    const forgotten: string[] = [];
    const engine: ReleaseImages = {
      lacking: async () => lacking,
      async load(_images, _open, { progress }) {
        progress(5, 10);
        const loaded = lacking.map((reference) => ({ reference, how: 'loaded' as const, sent: 1_000_000 }));
        lacking = [];
        return [...loaded, { reference: 'frostbyte.local/objects:1.2.3', how: 'there' as const, sent: 0 }];
      },
      forget: async (reference) => void forgotten.push(reference),
    };
    const phase = loadReleaseImages(path, 10, engine);
    const before = await through(phase);
    assert.deepEqual(steps, ['5/10']);
    assert.deepEqual(notes, ['2 of 3 images were sent, 2.0 MB; the others were there']);
    await phase.undo!(runOf(before));
    assert.deepEqual(forgotten, ['frostbyte.local/postgres:1.2.3', 'frostbyte.local/redis:1.2.3']);
    world.end();
  });
});

/** Services as a table of what is called. */
function services(changes: Partial<Services> = {}): Services & { log: string[] } {
  const log: string[] = [];
  let up = false;
  return {
    log,
    manager: 'systemd',
    commands: ['run control', 'run gateway'],
    areUp: async () => up,
    async start() {
      log.push('start');
      up = true;
    },
    async stop() {
      log.push('stop');
      up = false;
    },
    failed: async () => [],
    takeDown: async () => void log.push('take down'),
    ...changes,
  };
}

/** A rule that is in force, or not; what is done to it goes to the same log. */
function inputRule(log: string[], inForce = true): InputRule {
  return {
    isInForce: async () => inForce,
    up: async () => void log.push('rule up'),
    down: async () => void log.push('rule down'),
  };
}

describe('services', () => {
  it('are started, and ended with their containers, and then with the rule that kept those from the host', async () => {
    const given = services();
    const phase = startServices(given, inputRule(given.log));
    const before = await through(phase);
    await phase.undo!(runOf(before));
    assert.deepEqual(given.log, ['start', 'stop', 'take down', 'rule down']);
    assert.match(notes[0]!, /documents, keys and volumes are left as they are/);
  });

  it('are ended on a host whose rule went with a boot, or that has nothing any more to take one away with', async () => {
    const given = services();
    await startServices(given, inputRule(given.log, false)).undo!(runOf());
    assert.deepEqual(given.log, ['stop', 'take down']);
  });

  it('that a person starts are waited for, with the words that he types', async () => {
    let asked = 0;
    const given = services({ manager: null, areUp: async () => ++asked > 5 });
    await startServices(given, inputRule(given.log), noTime()).do(runOf());
    assert.deepEqual(given.log, []);
    assert.match(notes[0]!, /now and after every boot: run control ; run gateway/);
    const never = services({ manager: null, areUp: async () => false });
    await assert.rejects(startServices(never, inputRule(never.log), noTime()).do(runOf()), {
      message: /Start them \(run control ; run gateway\)/,
    });
  });
});

describe('readiness', () => {
  it('is waited for, and told for what, once each time that it changes', async () => {
    const answers = [['postgres', 'control'], ['postgres', 'control'], ['control'], []];
    let at = 0;
    const readiness = {
      waitingFor: async () => ({
        of: 3,
        missing: answers[Math.min(at, 3)]!.map((name) => ({ name, message: 'starting' })),
      }),
    };
    await awaitReady(
      readiness,
      services(),
      noTime(() => at++),
    ).do(runOf());
    assert.deepEqual(notes, ['waiting for postgres (starting), control (starting)', 'waiting for control (starting)']);
    assert.deepEqual(steps, ['1/3', '1/3', '2/3', '3/3']);
  });

  it('that does not come names what is missing and the command that tells why', async () => {
    const missing = [{ name: 'clamav', message: 'up 3 minutes (unhealthy)' }];
    const readiness = { waitingFor: async () => ({ of: 7, missing }) };
    await assert.rejects(awaitReady(readiness, services(), noTime()).do(runOf()), (error: FrostbyteError) => {
      assert.match(
        error.message,
        /After 900 s this is not ready: clamav\. journalctl -u frostbyte-control -u frostbyte-gateway/,
      );
      assert.deepEqual(error.details, [{ field: 'clamav', constraint: 'up 3 minutes (unhealthy)' }]);
      return error.code === 'OPERATION_FAILED';
    });
  });

  it('is not waited for where a service gave up', async () => {
    const readiness = { waitingFor: async () => ({ of: 7, missing: [{ name: 'control', message: 'away' }] }) };
    const gone = services({ failed: async () => ['frostbyte-control.service'] });
    await assert.rejects(awaitReady(readiness, gone, noTime()).do(runOf()), {
      message: /frostbyte-control\.service did not stay up\. journalctl -u frostbyte-control\.service/,
    });
  });
});

describe('the recovery recipient', () => {
  const AGE = 'age1recipient';
  /** Takes `right` as the answer to the newest challenge. */
  function recovery(answers: (string | null)[] = []): RecoveryProof & { named: string[] } {
    const named: string[] = [];
    let state: { recipient: string | null; pending: string | null } = { recipient: null, pending: null };
    return {
      named,
      status: async () => state,
      async name(recipient) {
        named.push(recipient);
        state = { ...state, pending: recipient };
        return { recipient, challenge: `challenge ${named.length}`, expires_at: '2999-01-01T00:00:00.000Z' };
      },
      async prove(answer) {
        if (answer.trim() !== `right ${named.length}`)
          throw new FrostbyteError('VALIDATION_ERROR', 'This does not answer.');
        state = { recipient: state.pending, pending: null };
      },
      ask: async () => answers.shift() ?? null,
    };
  }
  const place = () => join(folder, 'recovery');
  const phase = (proof: RecoveryProof, recipient: string | null = AGE, answer: string | null = null) =>
    proveRecovery(place(), { recipient, answer }, proof);

  it('is proven by whoever sits there, who may mistype', async () => {
    const proof = recovery(['wrong', 'right 1']);
    await through(phase(proof));
    assert.deepEqual(notes, [
      'that was not the answer',
      `${AGE} is the recovery recipient: somebody holds its private half`,
    ]);
    assert.equal(existsSync(place()), false);
  });

  it('is asked for by the same challenge again, until its answer lies in the file', async () => {
    const proof = recovery();
    for (let time = 0; time < 2; time++)
      await assert.rejects(phase(proof).do(runOf()), {
        code: 'OPERATION_FAILED',
        message: /challenge\.age.*answer\.txt.*plan resume/,
      });
    assert.deepEqual(proof.named, [AGE], 'the challenge on the stick stays the one that counts');
    assert.equal(readFileSync(join(place(), 'challenge.age'), 'utf8'), 'challenge 1');
    writeFileSync(join(place(), 'answer.txt'), 'right 1\n');
    await through(phase(proof));
    assert.equal(existsSync(place()), false);
  });

  it('has its answer where it was said to lie; that file is not ours to remove', async () => {
    const proof = recovery();
    const answer = join(folder, 'elsewhere.txt');
    writeFileSync(answer, 'wrong');
    await assert.rejects(phase(proof, AGE, answer).do(runOf()), { code: 'VALIDATION_ERROR' });
    writeFileSync(answer, 'right 1');
    await through(phase(proof, AGE, answer));
    assert.equal(existsSync(answer), true);
  });

  it('that nobody named is asked for, never passed over, and may be named on the box', async () => {
    const proof = recovery();
    await assert.rejects(phase(proof, null).do(runOf()), {
      message: /frostbyte keys recovery set age1… --out challenge\.age/,
    });
    await proof.name('age1other');
    await assert.rejects(phase(proof, null).do(runOf()), { message: /age1other is named and not proven yet/ });
    await proof.prove('right 1');
    assert.equal(await phase(proof, null).check({ recorded: false }), true);
    assert.equal(await phase(proof, AGE).check({ recorded: true }), false, 'another one is wanted');
  });
});

describe('proofs by use', () => {
  const checks = (clear: () => Promise<void>): InstallationChecks => ({
    smoke: async (document) => void notes.push(document),
    isolation: async () => void notes.push('isolation'),
    clear,
  });

  it('are done once, from the release’s own document, and cleared away when it goes back', async () => {
    let cleared = 0;
    const made = checks(async () => void cleared++);
    const phases = [smokeTest('/opt/frostbyte/releases/1.2.3', made), isolationCheck(made)];
    for (const phase of phases) await through(phase);
    assert.deepEqual(notes, ['/opt/frostbyte/releases/1.2.3/docs/samples/contract-warehouse-lease.pdf', 'isolation']);
    for (const phase of phases) await phase.undo!(runOf());
    assert.equal(cleared, 2);
  });

  it('are no reason to stay where the appliance does not answer any more; anything else is', async () => {
    const away = smokeTest(
      '/r',
      checks(async () => Promise.reject(new FrostbyteError('SERVICE_UNAVAILABLE', 'away'))),
    );
    await away.undo!(runOf());
    assert.match(notes[0]!, /go when the next one begins/);
    const broken = smokeTest(
      '/r',
      checks(async () => Promise.reject(new FrostbyteError('OPERATION_FAILED', 'is FAILED'))),
    );
    await assert.rejects(broken.undo!(runOf()), { code: 'OPERATION_FAILED' });
  });
});
