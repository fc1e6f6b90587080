import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeKeyPair } from '../../appliance/secrets/identities.ts';
import type { Box } from '../../scripts/box/box.ts';
import { stickFolder } from '../../scripts/box/stick.ts';
import { RECORD } from '../support/box/about-record.ts';
import { untilReady } from '../support/box/ask.ts';
import { type Holdings, holdingsOf, lookAtData } from '../support/box/deaths/data-look.ts';
import { DEATHS, type Death, dieInEachPhase, type Point } from '../support/box/deaths/die-in-each-phase.ts';
import { recordOf } from '../support/box/deaths/record.ts';
import { adminToken, bringSamples, frostbyte } from '../support/box/install.ts';
import { answerChallenge, installWords, killedIn, waitsForAnswer } from '../support/box/installation.ts';
import { nextStickFolder } from '../support/box/next-stick.ts';
import { boxes, noBoxes } from '../support/box/sealed.ts';
import { ALL_FAULTS } from '../support/faults/random.ts';
import { NEXT_VERSION } from '../support/next-release.ts';

/**
 * Every operation dies in every phase, in every way that there is. The seeded few of each day are in the tests of installing,
 * upgrading and restoring.
 */

const THIS = '0.1.0';
const NEXT = '/var/tmp/next';
const TENANT = 'nordlaw';
const CARRIED = '/srv/carried';
const LEAST = 60;

/** The ways to die that are asked for, by default all. */
const ASKED = (process.env.FROSTBYTE_TEST_DEATHS ?? DEATHS.join(',')).split(',') as Death[];
const record = recordOf(process.env.FROSTBYTE_TEST_KILL_RECORD || null, RECORD);
const progress = ['--progress', 'lines'];
const plan = (verb: string) => ['frostbyte', 'plan', verb, ...progress];
/** Before the command is there, and as if it were: the verified copy has the program. */
const fromCopy = (verb: string) => [`/opt/frostbyte/quarantine/${THIS}/appliance/frostbyte`, ...plan(verb).slice(1)];

/** Part of `make faults`. */
const inLongRuns = ALL_FAULTS ? describe : () => undefined;

inLongRuns('operations that die in each of their phases', { skip: noBoxes, timeout: 7_200_000 }, () => {
  const make = boxes();
  const work = mkdtempSync(join(tmpdir(), 'frostbyte-deaths-'));
  after(() => rmSync(work, { recursive: true }));
  let stick: string;
  before(async () => {
    if (!noBoxes) stick = await stickFolder();
  });
  const add = (operation: string, points: readonly Point[], data: string) => {
    record.add(...points.map(({ death: befell, ...point }) => ({ operation, befell, ...point, data })));
    console.log(`# ${operation}: ${points.length} deaths; ${data}`);
  };

  for (const death of ASKED)
    describe(death, () => {
      let box: Box;
      let token: string;
      let had: Holdings;
      let identity: string;
      let recipient: string;
      /** A host that was installed and that nobody has used. */
      const empty = join(work, `empty-${death}.ext4`);
      /** What is carried out of the box. */
      const carried = join(work, `carried-${death}`);
      const look = (on = box, by = token) => lookAtData(on, { tenant: TENANT, token: by, had });
      const version = async () => (await frostbyte(box, null, '--version')).out.trim();

      it('an installation comes to its end', async () => {
        ({ identity, recipient } = await makeKeyPair());
        box = await make({ equipment: 'bare', stick });
        await box.boot();
        const words = installWords(stick, recipient);
        const { points, last } = await dieInEachPhase(box, { death, words, again: fromCopy('resume') });
        assert.ok(waitsForAnswer(box), `${last.err}${last.out}`);
        await answerChallenge(box, identity);
        const { code, err, out } = await box.run(words);
        assert.equal(code, 0, err);
        assert.match(out, /^Install 0\.1\.0: done\.$/m);
        await untilReady(box);
        const verified = await box.run(['frostbyte', 'verify', '--quick', ...progress]);
        assert.equal(verified.code, 0, verified.out);
        add('install', points, 'verified: closed, and as it was delivered');
        await box.save(empty);
        await box.boot();
        await untilReady(box);
      });

      it('an upgrade is taken back, code and data', async () => {
        token = await adminToken(box);
        const created = await frostbyte(box, token, 'tenant', 'create', 'Nord Law', '--email', 'it@nordlaw.example');
        assert.equal(created.code, 0, created.err);
        const sent = await frostbyte(box, token, 'ingest', bringSamples(box), '--tenant', TENANT);
        assert.match(sent.out, /"indexed":14/, sent.err);
        had = await holdingsOf(box, TENANT);
        await box.must('mkdir', CARRIED);
        const made = await box.run(['frostbyte', 'backup', 'create', `${CARRIED}/backup.tar`]);
        assert.equal(made.code, 0, made.err);
        cpSync(join(box.root, CARRIED), carried, { recursive: true });
        cpSync(await nextStickFolder(), join(box.root, NEXT), { recursive: true });
        // Whoever copies a medium waits until it is written.
        await box.must('sync');

        const upgrade = ['sh', `${NEXT}/install.sh`, '--upgrade', '--', ...progress];
        await killedIn(box.start(upgrade), 'Find that document again, and send another one through');
        const { points, last, result } = await dieInEachPhase(box, {
          death,
          way: 'undoing',
          words: plan('rollback'),
          again: plan('resume'),
        });
        assert.equal(result, 'rolled-back', `${last.err}${last.out}`);
        assert.equal(await version(), THIS);
        add('upgrade, taken back', points, await look());
      });

      it('an upgrade comes to its end', async () => {
        const words = ['sh', `${NEXT}/install.sh`, '--upgrade', '--', ...progress];
        const { points, last, result } = await dieInEachPhase(box, { death, words, again: plan('resume') });
        assert.equal(result, 'done', `${last.err}${last.out}`);
        assert.equal(await version(), NEXT_VERSION);
        add('upgrade', points, await look());
      });

      it('a rollback comes to its end', async () => {
        const words = ['frostbyte', 'rollback', ...progress];
        const { points, last, result } = await dieInEachPhase(box, { death, words, again: plan('resume') });
        assert.equal(result, 'done', `${last.err}${last.out}`);
        assert.equal(await version(), THIS);
        add('rollback', points, await look());
      });

      it('an uninstallation comes to its end, and what it kept is taken up by the next installation', async () => {
        const words = ['frostbyte', 'uninstall', '--yes', '--evidence-to', '/var/tmp/evidence', ...progress];
        const { points, last, result } = await dieInEachPhase(box, {
          death,
          words,
          again: ['frostbyte', 'uninstall', ...progress],
        });
        assert.equal(result, 'done', `${last.err}${last.out}`);
        // Where death came behind the last phase, the program is still there to remove itself.
        if (last.code !== 0) await box.must('frostbyte', 'uninstall', ...progress);
        for (const gone of ['opt/frostbyte', 'usr/local/bin/frostbyte', 'run/frostbyte'])
          assert.equal(existsSync(join(box.root, gone)), false, gone);
        // Of the release that was upgraded to, the host remembers that it was newer.
        const reason = ['--reason', '"it was gone back from"'];
        const words2 = installWords(stick, recipient, ...reason);
        words2.splice(words2.indexOf('--'), 0, '--allow-older');
        const { err, code } = await box.run(words2);
        if (waitsForAnswer(box)) {
          await answerChallenge(box, identity);
          assert.equal((await box.run(words2)).code, 0, err);
        } else assert.equal(code, 0, err);
        token = await adminToken(box);
        add('uninstall', points, await look());
        await box.end();
      });

      it('a restore onto another host comes to its end', async () => {
        const other = await make({ equipment: 'bare', stick, from: empty });
        await other.boot();
        await untilReady(other);
        cpSync(carried, join(other.root, CARRIED), { recursive: true });
        writeFileSync(join(other.root, CARRIED, 'recovery.key'), `${identity}\n`, { mode: 0o600 });
        await other.must('sync');
        const stop = () => other.must('systemctl', 'stop', 'frostbyte-gateway', 'frostbyte-control');
        await stop();
        const words = [
          'frostbyte',
          'restore',
          `${CARRIED}/backup.tar`,
          '--identity',
          `${CARRIED}/recovery.key`,
          ...progress,
        ];
        const { points, last, result } = await dieInEachPhase(other, { death, words, booted: stop });
        assert.equal(result, 'done', `${last.err}${last.out}`);
        await other.must('systemctl', 'start', 'frostbyte-control', 'frostbyte-gateway');
        await untilReady(other);
        const by = await adminToken(other);
        const resumed = await frostbyte(other, by, 'tenant', 'resume', TENANT, '--because', 'restored and looked at');
        assert.equal(resumed.code, 0, resumed.err);
        add('restore', points, await look(other, by));
        await other.end();
        rmSync(empty);
      });
    });

  it(`were at least ${LEAST}`, () => {
    assert.ok(ASKED.length < DEATHS.length || record.all.length >= LEAST, `${record.all.length}`);
  });
});
