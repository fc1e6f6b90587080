import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { BUNDLE_EXIT } from '../../appliance/bundle/exit-codes.ts';
import { makeKeyPair } from '../../appliance/secrets/identities.ts';
import { STICK } from '../../scripts/box/boot.ts';
import type { Box } from '../../scripts/box/box.ts';
import { processesOf } from '../../scripts/box/cgroups.ts';
import { fingerprintOf, stickFolder } from '../../scripts/box/stick.ts';
import { RECORD } from '../support/box/about-record.ts';
import { untilReady } from '../support/box/ask.ts';
import { type Holdings, holdingsOf, lookAtData } from '../support/box/deaths/data-look.ts';
import { newestJournal } from '../support/box/deaths/journal-on-disk.ts';
import { recordOf } from '../support/box/deaths/record.ts';
import { adminToken, bringSamples, frostbyte } from '../support/box/install.ts';
import { answerChallenge, installWords, waitsForAnswer } from '../support/box/installation.ts';
import { nextStickFolder } from '../support/box/next-stick.ts';
import { newestMigrations } from '../support/box/schemas.ts';
import { boxes, noBoxes } from '../support/box/sealed.ts';
import { assertClear } from '../support/box/troubles/clear-refusal.ts';
import { type Medium, mediumIn, WAYS } from '../support/box/troubles/medium.ts';
import { type Met, troubleInEachPhase } from '../support/box/troubles/trouble-in-each-phase.ts';
import { TROUBLES } from '../support/box/troubles/troubles.ts';
import { ALL_FAULTS } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';
import { NEXT_VERSION } from '../support/next-release.ts';

/**
 * Operations that live on and meet trouble: a medium that goes away, a disk that is full, an engine that is restarted, a release
 * that fails. The seeded few of each day are in the test of installing.
 */

const THIS = '0.1.0';
const TENANT = 'nordlaw';
const NEXT = '/var/tmp/next';
const FAILING = '/var/tmp/failing';
const QUARANTINE = '/opt/frostbyte/quarantine';
const PULLED = /BUNDLE_MEDIUM_FAILED: The medium cannot be read any more: [^\n]*Put it in again and repeat/;
const progress = ['--progress', 'lines'];

/** The troubles that are asked for, by default all. */
const ASKED = (process.env.FROSTBYTE_TEST_TROUBLES ?? ['medium', ...Object.keys(TROUBLES)].join(',')).split(',');
/** Of an upgrade, which is begun anew behind each failure: the phases that write much, and those that speak with the engine. */
const UPGRADING: Readonly<Record<string, readonly string[]>> = {
  'disk full': ['release', 'images', 'sample', 'snapshot', 'settle', 'ready', 'smoke', 'log'],
  'Docker restarted': ['images', 'sample', 'snapshot', 'rest', 'settle', 'ready', 'smoke', 'clear'],
};
const record = recordOf(process.env.FROSTBYTE_TEST_KILL_RECORD || null, RECORD);
const add = (operation: string, points: readonly Met[], data: string) => {
  record.add(...points.map((point) => ({ operation, ...point, data })));
  console.log(`# ${operation}: ${points.length} troubles; ${data}`);
};
/** Part of `make faults`. */
const inLongRuns = ALL_FAULTS ? describe : () => undefined;
const asked = (name: string) => (ASKED.includes(name) ? inLongRuns : () => undefined);

asked('medium')(
  'a medium that goes away while a bundle is taken from it',
  { skip: noBoxes, timeout: 1_200_000 },
  () => {
    const make = boxes();
    let box: Box;
    let medium: Medium;
    let stick: string;
    const recovery = makeKeyPair();
    after(() => medium?.end());
    before(async () => {
      if (noBoxes) return;
      stick = await stickFolder();
      box = await make({ equipment: 'docker' });
      await box.boot();
      medium = await mediumIn(box, stick);
    });
    /** Everything that reads the medium, and how it is known that it does. */
    const READS: Readonly<Record<string, (said: string) => boolean>> = {
      'verify.sh begins': (said) => said.includes('Verifying the bundle with ssh-keygen'),
      'verify.sh holds every byte against the list': () => runs(box, /^sha256sum -c /),
      'install.sh copies the program that copies': () =>
        existsSync(join(box.root, QUARANTINE, '.tool/signers/root.pub')),
      'the program copies and verifies the bundle': () => existsSync(join(box.root, QUARANTINE, `${THIS}.incoming`)),
    };

    for (const [befell, way] of Object.entries(WAYS)) {
      for (const [phase, isAt] of Object.entries(READS)) {
        it(`${befell} as ${phase}: it is told by its name, and put in again`, async () => {
          const words = installWords(stick, (await recovery).recipient, '--dry-run');
          const run = box.start(words);
          let said = '';
          run.child.stderr!.on('data', (piece: Buffer) => {
            said += piece.toString();
          });
          await until('it to read the medium', () => isAt(said) || run.child.exitCode !== null, { everyMs: 1 });
          assert.equal(run.child.exitCode, null, `it was over before: ${said}`);
          await medium[way]();
          const at = Date.now();
          const ended = await run.ended;
          // What was open is read on to its end where it was only unmounted.
          const isFine = way === 'unmount' && ended.code === 0;
          if (!isFine) {
            assertClear(ended, PULLED, phase);
            assert.equal(ended.code, BUNDLE_EXIT.BUNDLE_MEDIUM_FAILED, ended.err);
          }
          assert.deepEqual(readdirSync(join(box.root, QUARANTINE)), isFine ? [THIS] : [], 'no half of a copy is left');
          assert.equal(existsSync(join(box.root, 'opt/frostbyte/releases')), false);
          if (isFine) rmSync(join(box.root, QUARANTINE, THIS), { recursive: true });
          await medium.putIn();
          const again = await box.run(words);
          assert.equal(again.code, 0, again.err);
          assert.deepEqual(readdirSync(join(box.root, QUARANTINE)), [THIS]);
          rmSync(join(box.root, QUARANTINE, THIS), { recursive: true });
          add(
            'install',
            [
              {
                phase,
                befell,
                found: isFine ? 'went on by itself' : `refused: BUNDLE_MEDIUM_FAILED, exit ${ended.code}`,
                after: 'put in again: verified and copied',
                seconds: (Date.now() - at) / 1000,
              },
            ],
            'nothing was begun',
          );
        });
      }
    }
  },
);

for (const trouble of Object.values(TROUBLES))
  asked(trouble.name)(`operations that meet trouble: ${trouble.name}`, { skip: noBoxes, timeout: 3_600_000 }, () => {
    const make = boxes();
    const isOfEngine = trouble.name === 'Docker restarted';
    let box: Box;
    let stick: string;
    let token: string;
    let had: Holdings;
    const look = () => lookAtData(box, { tenant: TENANT, token, had });
    const version = async () => (await frostbyte(box, null, '--version')).out.trim();

    it('an installation comes to its end', async () => {
      stick = await stickFolder();
      const { identity, recipient } = await makeKeyPair();
      // An engine that is restarted has to be there; one that is brought along needs room.
      box = await make({ equipment: isOfEngine ? 'docker' : 'bare', stick });
      await box.boot();
      const verify = await box.run(installWords(stick, recipient, '--dry-run'));
      assert.equal(verify.code, 0, verify.err);
      // From here on the medium is not needed any more, and is not there.
      await box.must('umount', '--lazy', STICK);
      const program = `${QUARANTINE}/${THIS}/appliance/frostbyte`;
      const { points, last } = await troubleInEachPhase(box, {
        trouble,
        words: [
          ...[program, 'install', '--fingerprint', fingerprintOf(stick), '--recovery-recipient', recipient],
          ...progress,
        ],
        again: [program, 'plan', 'resume', ...progress],
      });
      assert.ok(waitsForAnswer(box), `${last.err}${last.out}`);
      await answerChallenge(box, identity);
      const { code, err } = await box.run(['frostbyte', 'plan', 'resume', ...progress]);
      assert.equal(code, 0, err);
      await untilReady(box);
      const verified = await box.run(['frostbyte', 'verify', '--quick', ...progress]);
      assert.equal(verified.code, 0, verified.out);
      assert.ok(points.length >= (isOfEngine ? 4 : 10), `${points.length}`);
      add('install', points, 'verified: closed, and as it was delivered');
      token = await adminToken(box);
      const created = await frostbyte(box, token, 'tenant', 'create', 'Nord Law', '--email', 'it@nordlaw.example');
      assert.equal(created.code, 0, created.err);
      const sent = await frostbyte(box, token, 'ingest', bringSamples(box), '--tenant', TENANT);
      assert.match(sent.out, /"indexed":14/, sent.err);
      had = await holdingsOf(box, TENANT);
    });

    if (!isOfEngine)
      it('an upgrade to a release that fails what it is tried with goes back by itself, code and data', async () => {
        cpSync(await nextStickFolder('failing'), join(box.root, FAILING), { recursive: true });
        const { code, out, err } = await box.run(['sh', `${FAILING}/install.sh`, '--upgrade', '--', ...progress]);
        assert.equal(code, 1, out);
        assert.match(
          err + out,
          /OPERATION_FAILED: .*search does not find the document that the release of before took/,
        );
        assert.match(out, /rolled back, the host is as it was before/);
        const events = newestJournal(box.root)!.events;
        const undone = events.flatMap((event) => (event.event === 'undone' ? [event.phase] : []));
        for (const phase of ['smoke', 'start', 'switch', 'settle', 'rest', 'close'])
          assert.ok(undone.includes(phase), `${phase} was undone: ${undone.join(', ')}`);
        assert.ok(
          events.every((event) => event.event !== 'begun' || event.phase !== 'open'),
          'nobody was let in meanwhile',
        );
        assert.equal(await version(), THIS);
        await untilReady(box);
        // The failed release had brought every store to its own schema.
        for (const [store, name] of Object.entries(await newestMigrations(box, `tenant_${TENANT}`)))
          assert.doesNotMatch(name, /next-release/, store);
        const said = await look();
        const { records } = JSON.parse(await box.must('frostbyte', 'evidence', 'show', '--json')) as {
          records: { action: string; result: string; detail: { failure?: { phase: string; code: string } } }[];
        };
        const { action, result, detail } = records.at(-1)!;
        assert.deepEqual([action, result, detail.failure?.phase], ['upgrade', 'rolled-back', 'smoke']);
        assert.equal(existsSync(join(box.root, 'opt/frostbyte/releases', NEXT_VERSION)), false);
        assert.match(readFileSync(join(box.root, 'etc/frostbyte/newest_bundle.json'), 'utf8'), /"counter":1,/);
        add(
          'upgrade',
          [
            {
              phase: 'Find that document again, and send another one through',
              befell: 'release that fails',
              found: 'refused: OPERATION_FAILED, went back by itself',
              after: '–',
              seconds: 0,
            },
          ],
          said,
        );
        rmSync(join(box.root, FAILING), { recursive: true });
        rmSync(join(box.root, QUARANTINE, NEXT_VERSION), { recursive: true, force: true });
      });

    it('an upgrade comes to its end', async () => {
      cpSync(await nextStickFolder(), join(box.root, NEXT), { recursive: true });
      await box.must('sync');
      const phases = UPGRADING[trouble.name]!;
      const { points, last, result } = await troubleInEachPhase(box, {
        trouble,
        words: ['sh', `${NEXT}/install.sh`, '--upgrade', '--', ...progress],
        again: ['frostbyte', 'plan', 'resume', ...progress],
        only: (phase) => phases.includes(phase),
      });
      assert.equal(result, 'done', `${last.err}${last.out}`);
      assert.equal(await version(), NEXT_VERSION);
      add('upgrade', points, await look());
      await box.end();
    });
  });

/** Whether a program runs in a box whose command line is like that. */
function runs(box: Box, words: RegExp): boolean {
  return processesOf(box.name).some((pid) => {
    try {
      return words.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
    } catch {
      return false;
    }
  });
}
