import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { holdBehind } from '../../../../appliance/bundle/evidence/chain.ts';
import { exportEvidence, hostKey, verifyExport } from '../../../../appliance/bundle/evidence/export.ts';
import { addEvidence, readEvidence } from '../../../../appliance/bundle/evidence/log.ts';
import { type Happening, hashOf, lineOf } from '../../../../appliance/bundle/evidence/record.ts';
import { fingerprint, publicLine, publicOf } from '../../../../appliance/bundle/sshsig/keys.ts';
import { signMessage } from '../../../../appliance/bundle/sshsig/signature.ts';
import { BY } from '../../../support/operation-world.ts';

let folder: string;
let log: string;
let head: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'frostbyte-evidence-'));
  [log, head] = [join(folder, 'kept/evidence.jsonl'), join(folder, 'kept/head.json')];
});
afterEach(() => rmSync(folder, { recursive: true }));

const now = () => new Date(1_790_000_000_000);
const happening = (changes: Partial<Happening> = {}): Happening => ({
  by: BY,
  host: 'box-1',
  action: 'verify',
  bundle: { version: '1.2.3', arch: 'amd64', counter: 7, manifest_sha256: 'ab'.repeat(32), signer: 'SHA256:x' },
  result: 'ok',
  detail: { bytes: 12 },
  ...changes,
});
const kept = () => join(folder, 'kept');
const add = (changes: Partial<Happening> = {}) => addEvidence(kept(), happening(changes), now);
function three() {
  add();
  add({ action: 'preflight', result: 'overridden', detail: { allowed: ['swap'], reason: 'a lab' } });
  add({ action: 'install' });
}

describe('evidence', () => {
  test('is kept for root alone, in order, each record behind the one before', () => {
    three();
    const { records, head: at, torn } = readEvidence(kept());
    assert.deepEqual(
      records.map(({ n, action, result }) => [n, action, result]),
      [
        [0, 'verify', 'ok'],
        [1, 'preflight', 'overridden'],
        [2, 'install', 'ok'],
      ],
    );
    assert.equal(records[1]!.previous, records[0]!.hash);
    assert.deepEqual(at, { count: 3, hash: records[2]!.hash });
    assert.equal(torn, false);
    for (const file of [log, head]) assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  test('that was changed anywhere is found: any byte of the log, any of the head', () => {
    three();
    for (const file of [log, head]) {
      const whole = readFileSync(file);
      for (let at = 0; at < whole.length; at++) {
        // White space at the end of the head says nothing.
        if (file === head && at === whole.length - 1) continue;
        const changed = Buffer.from(whole);
        changed[at]! ^= 1;
        writeFileSync(file, changed);
        assert.throws(() => readEvidence(kept()), { code: 'AUDIT_CHAIN_BROKEN' }, `${file} at ${at}`);
      }
      writeFileSync(file, whole);
    }
    assert.equal(readEvidence(kept()).records.length, 3);
  });

  test('that was cut, reordered or written anew is found, and nothing is written behind it', () => {
    three();
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    const [first, second, third] = lines as [string, string, string];
    const { hash: _, ...record } = readEvidence(kept()).records[0]!;
    const forged = { ...record, result: 'refused' as const };
    for (const content of [
      [first, second],
      [first],
      [],
      [first, third],
      [second, third],
      [second, first, third],
      [first, second, third, third],
      [lineOf({ ...forged, hash: hashOf(forged) }).trimEnd(), second, third],
      [lineOf({ ...forged, hash: hashOf(forged) }).trimEnd()],
    ]) {
      writeFileSync(log, content.map((line) => `${line}\n`).join(''));
      assert.throws(() => readEvidence(kept()), { code: 'AUDIT_CHAIN_BROKEN' }, content.join('\n'));
      assert.throws(() => add(), { code: 'AUDIT_CHAIN_BROKEN' });
    }
  });

  test('that a kill broke off is gone on with, and says so itself', () => {
    three();
    const known = readFileSync(head);
    add({ action: 'backup' });
    // Between the line and its head.
    writeFileSync(head, known);
    assert.equal(readEvidence(kept()).records.length, 4);
    add({ action: 'upgrade' });
    appendFileSync(log, '{"action":"rollb');
    assert.equal(readEvidence(kept()).torn, true);
    add({ action: 'rollback' });
    const { records } = readEvidence(kept());
    assert.deepEqual(
      records.map(({ action }) => action),
      ['verify', 'preflight', 'install', 'backup', 'upgrade', 'log-mended', 'rollback'],
    );
    assert.deepEqual(records[5]!.detail, { bytes_cut_off: 16 });
  });
});

describe('evidence that leaves the host', () => {
  const key = () => hostKey(join(folder, 'evidence.key'));
  const print = () => fingerprint(publicOf(key()));

  test('is signed by a key of the host, as ssh-keygen verifies it', () => {
    three();
    const out = join(folder, 'out');
    const { signer } = exportEvidence(readEvidence(kept()), key(), out);
    assert.equal(signer, print());
    assert.equal(statSync(join(folder, 'evidence.key')).mode & 0o777, 0o600);
    const commands = readFileSync(join(out, 'README.txt'), 'utf8').match(
      /(?<=^ {4}\$ )(?:head|ssh-keygen|printf).*$/gm,
    )!;
    assert.equal(commands.length, 4);
    const env = { PATH: process.env.PATH, HOME: folder };
    const type = (command: string) => spawnSync('sh', ['-c', command], { cwd: out, env, encoding: 'utf8' });
    const said = commands.map((command) => type(command));
    assert.deepEqual(
      said.map(({ status }) => status),
      [0, 0, 0, 0],
    );
    assert.ok(said[1]!.stdout.includes(signer));
    assert.match(said[3]!.stdout, /^Good "frostbyte-evidence" signature for frostbyte-host/);
    assert.equal(verifyExport(out, print()).chain.records.length, 3);

    // Signed by another host, whose key stands behind ours where ssh-keygen does not show it.
    const other = hostKey(join(folder, 'other-host.key'));
    writeFileSync(
      join(out, 'evidence.jsonl.sig'),
      signMessage(readFileSync(join(out, 'evidence.jsonl')), other, 'frostbyte-evidence'),
    );
    appendFileSync(join(out, 'evidence.pub'), `* ${publicLine(publicOf(other))}\n`);
    assert.notEqual(commands.map((command) => type(command))[3]!.status, 0);
  });

  test('is refused with another key, and when a byte of it was changed', () => {
    three();
    const out = join(folder, 'out');
    exportEvidence(readEvidence(kept()), key(), out);
    assert.throws(() => verifyExport(out, fingerprint(publicOf(hostKey(join(folder, 'other.key'))))), {
      code: 'BUNDLE_SIGNER_UNKNOWN',
    });
    appendFileSync(join(out, 'evidence.jsonl'), readFileSync(log, 'utf8').split('\n')[0]!);
    assert.throws(() => verifyExport(out, print()), { code: 'BUNDLE_SIGNATURE_INVALID' });
    assert.throws(() => verifyExport(folder, print()), { code: 'VALIDATION_ERROR' });
  });

  test('shows when the log of its host was written anew since, head and all', () => {
    three();
    const { head: then } = exportEvidence(readEvidence(kept()), key(), join(folder, 'out'));
    add({ action: 'upgrade' });
    holdBehind(readEvidence(kept()), then);
    cpSync(kept(), join(folder, 'whole'), { recursive: true });
    rmSync(kept(), { recursive: true });
    add();
    assert.throws(() => holdBehind(readEvidence(kept()), then), { code: 'AUDIT_CHAIN_BROKEN', message: /record 1/ });
    for (const action of ['install', 'upgrade', 'backup'] as const) add({ action });
    assert.throws(() => holdBehind(readEvidence(kept()), then), { code: 'AUDIT_CHAIN_BROKEN' });
    holdBehind(readEvidence(join(folder, 'whole')), then);
  });
});
