import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readAllowedSigners, readRevokedKeys } from '../../../../appliance/bundle/sshsig/allowed-signers.ts';
import { checkSignature, type Trust } from '../../../../appliance/bundle/sshsig/check-signature.ts';
import {
  fingerprint,
  type PublicKey,
  publicLine,
  publicOf,
  readPrivateKey,
  readPublicLine,
} from '../../../../appliance/bundle/sshsig/keys.ts';
import { signMessage } from '../../../../appliance/bundle/sshsig/signature.ts';
import { signWithSshKeygen } from '../../../../appliance/bundle/sshsig/ssh-keygen.ts';
import type { BundleCode } from '../../../../appliance/kernel/errors.ts';
import { stockSshKeygen, without } from '../../../support/stock-tools.ts';

const NAMESPACE = 'frostbyte-bundle';
const NAME = 'frostbyte-release';
const MESSAGE = Buffer.from('{"bundle":1}\n');

let folder: string;
/** A key that `ssh-keygen` made, without a passphrase. */
let private_: KeyObject;
let public_: PublicKey;
const inFolder = (name: string) => join(folder, name);

const skip = without(stockSshKeygen, 'ssh-keygen');

before(() => {
  if (skip) return;
  folder = mkdtempSync(join(tmpdir(), 'frostbyte-sshsig-'));
  keygen('-t', 'ed25519', '-N', '', '-C', 'release', '-f', inFolder('key'));
  private_ = readPrivateKey(readFileSync(inFolder('key'), 'utf8'))!;
  public_ = readPublicLine(readFileSync(inFolder('key.pub'), 'utf8'));
});
after(() => skip || rmSync(folder, { recursive: true }));

function keygen(...args: string[]): string {
  return execFileSync('ssh-keygen', ['-q', ...args], { encoding: 'utf8' });
}

/** What the stock tool says of a signature, by a list of signers and of revoked keys. */
function stock(
  list: string,
  signature: string,
  { revoked = '', message = MESSAGE, namespace = NAMESPACE } = {},
): boolean {
  const [signers, sig, keys] = [inFolder('signers'), inFolder('sig'), inFolder('revoked')];
  writeFileSync(signers, list);
  writeFileSync(sig, signature);
  writeFileSync(keys, revoked);
  const revocation = revoked === '' ? [] : ['-r', keys];
  const args = ['-Y', 'verify', '-f', signers, '-I', NAME, '-n', namespace, '-s', sig, ...revocation];
  return spawnSync('ssh-keygen', args, { input: message }).status === 0;
}

/** What ours says: null, or the code of its refusal. */
function ours(list: string, signature: string | null, changes: Partial<Trust & { message: Buffer }> = {}) {
  const { message = MESSAGE, ...trust } = changes;
  try {
    checkSignature(
      { name: 'MANIFEST.json', bytes: [message.subarray(0, 3), message.subarray(3)], signature },
      {
        signers: readAllowedSigners(list),
        revoked: [],
        identity: NAME,
        namespace: NAMESPACE,
        at: Date.now(),
        ...trust,
      },
    );
    return null;
  } catch (error) {
    return (error as { code: BundleCode }).code;
  }
}

describe('signatures as OpenSSH has them', { skip }, () => {
  test('what we sign the stock tool accepts, for any length, and what it signs we accept', () => {
    const list = `${NAME} ${publicLine(public_)}\n`;
    for (const length of [0, 1, 63, 64, 65, 4096, 100_001]) {
      const message = randomBytes(length);
      const signature = signMessage(message, private_, NAMESPACE);
      assert.equal(stock(list, signature, { message }), true, `${length} bytes`);
      assert.equal(ours(list, signature, { message }), null);
      writeFileSync(inFolder('message'), message);
      rmSync(inFolder('message.sig'), { force: true });
      keygen('-Y', 'sign', '-f', inFolder('key'), '-n', NAMESPACE, inFolder('message'));
      const theirs = readFileSync(inFolder('message.sig'), 'utf8');
      assert.equal(theirs, signature, 'Ed25519 leaves no room for a difference');
      assert.equal(ours(list, theirs, { message }), null);
    }
    writeFileSync(inFolder('message'), MESSAGE);
    rmSync(inFolder('message.sig'), { force: true });
    keygen('-Y', 'sign', '-O', 'hashalg=sha256', '-f', inFolder('key'), '-n', NAMESPACE, inFolder('message'));
    assert.equal(ours(list, readFileSync(inFolder('message.sig'), 'utf8')), null, 'with the other digest too');
  });

  test('keys are those of the stock tool: fingerprint, public line, and a file that PKCS #8 holds', () => {
    assert.equal(keygen('-l', '-f', inFolder('key.pub')).split(' ')[1], fingerprint(public_));
    assert.equal(readFileSync(inFolder('key.pub'), 'utf8').trim(), publicLine(public_, 'release'));
    assert.deepEqual(publicOf(private_), public_);
    const pair = generateKeyPairSync('ed25519');
    const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    assert.deepEqual(publicOf(readPrivateKey(pem)!), publicOf(pair.privateKey));
  });

  test('a locked key is told as locked; what is no key is refused without its bytes', async () => {
    keygen('-t', 'ed25519', '-N', 'open sesame', '-f', inFolder('locked'));
    assert.equal(readPrivateKey(readFileSync(inFolder('locked'), 'utf8')), null);
    const { privateKey } = generateKeyPairSync('ed25519');
    const cipher = { cipher: 'aes-256-cbc', passphrase: 'x' };
    assert.equal(readPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8', ...cipher }) as string), null);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' });
    for (const text of [
      '',
      'CANARY',
      rsa as string,
      readFileSync(inFolder('key'), 'utf8').replace(/.{20}\n-----END/, '\n-----END'),
    ]) {
      assert.throws(
        () => readPrivateKey(text),
        (error: Error & { code: string }) => error.code === 'KEY_UNAVAILABLE' && !error.message.includes('CANARY'),
      );
    }
    const file = inFolder('by-keygen');
    writeFileSync(file, MESSAGE);
    await signWithSshKeygen(file, inFolder('key'), NAMESPACE);
    assert.equal(ours(`${NAME} ${publicLine(public_)}`, readFileSync(`${file}.sig`, 'utf8')), null);
    await assert.rejects(signWithSshKeygen(file, inFolder('nowhere'), NAMESPACE), { code: 'KEY_UNAVAILABLE' });
  });

  test('an agent that holds the key signs', async (t) => {
    const agent = execFileSync('ssh-agent', ['-s'], { encoding: 'utf8' });
    const socket = /SSH_AUTH_SOCK=([^;]+)/.exec(agent)![1]!;
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(agent)![1]);
    const before = process.env.SSH_AUTH_SOCK;
    t.after(() => {
      process.kill(pid);
      if (before === undefined) delete process.env.SSH_AUTH_SOCK;
      else process.env.SSH_AUTH_SOCK = before;
    });
    process.env.SSH_AUTH_SOCK = socket;
    keygen('-t', 'ed25519', '-N', '', '-f', inFolder('held'));
    execFileSync('ssh-add', ['-q', inFolder('held')]);
    rmSync(inFolder('held'));
    const file = inFolder('by-agent');
    writeFileSync(file, MESSAGE);
    await signWithSshKeygen(file, inFolder('held.pub'), NAMESPACE);
    const list = `${NAME} ${readFileSync(inFolder('held.pub'), 'utf8')}`;
    assert.equal(ours(list, readFileSync(`${file}.sig`, 'utf8')), null);
  });
});

describe('who may sign', { skip }, () => {
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');

  test('lists mean to us what they mean to the stock tool', () => {
    const signature = signMessage(MESSAGE, private_, NAMESPACE);
    const line = publicLine(public_);
    const other = publicLine(publicOf(generateKeyPairSync('ed25519').privateKey));
    const cases: [list: string, expected: BundleCode | null, revoked?: string][] = [
      [`${NAME} ${line}`, null],
      [`# a list\n\n  ${NAME} ${line} a comment\n`, null],
      [`someone,${NAME} ${line}`, null],
      [`frostbyte-* ${line}`, null],
      [`frostbyte-releas? ${line}`, null],
      [`${NAME} namespaces="other,${NAMESPACE}" ${line}`, null],
      [`${NAME} valid-after="${day(-3)}",valid-before="${day(3)}" ${line}`, null],
      [`${NAME} valid-before="${day(-3)}" ${line}\n${NAME} ${line}`, null],
      ['', 'BUNDLE_SIGNER_UNKNOWN'],
      [`${NAME} ${other}`, 'BUNDLE_SIGNER_UNKNOWN'],
      [`someone ${line}`, 'BUNDLE_SIGNER_UNKNOWN'],
      [`${NAME} namespaces="other" ${line}`, 'BUNDLE_SIGNER_UNKNOWN'],
      [`${NAME} valid-before="${day(-3)}" ${line}`, 'BUNDLE_SIGNER_OUTDATED'],
      [`${NAME} valid-after="${day(3)}" ${line}`, 'BUNDLE_SIGNER_OUTDATED'],
      [`${NAME} ${line}`, 'BUNDLE_SIGNER_REVOKED', line],
      [`${NAME} valid-before="${day(-3)}" ${line}`, 'BUNDLE_SIGNER_REVOKED', `# old\n${line}\n${other}\n`],
      [`${NAME} ${line}`, null, other],
    ];
    for (const [list, expected, revoked = ''] of cases) {
      assert.equal(ours(list, signature, { revoked: readRevokedKeys(revoked) }), expected, list);
      assert.equal(stock(list, signature, { revoked }), expected === null, `ssh-keygen on ${list}`);
    }
  });

  test('a list that cannot be read is refused whole, with its line', () => {
    const line = publicLine(public_);
    for (const list of [
      `${NAME} ${line}\n${NAME} cert-authority ${line}`,
      `${NAME} ${line}\n${NAME} valid-before="20261305" ${line}`,
      `${NAME} ${line}\n${NAME} valid-before="20260230" ${line}`,
      `${NAME} ${line}\n${NAME} valid-before="soon" ${line}`,
      `${NAME} ${line}\n${NAME} ssh-rsa AAAA`,
      `${NAME} ${line}\n${NAME} ${line.slice(0, -9)}`,
      `${NAME} ${line}\nnonsense`,
    ]) {
      assert.throws(() => readAllowedSigners(list), { code: 'BUNDLE_SIGNERS_INVALID', message: /line 2/ }, list);
    }
    assert.throws(() => readAllowedSigners(`${NAME} ${line}\n`.repeat(1001)), { code: 'BUNDLE_SIGNERS_INVALID' });
    assert.throws(() => readRevokedKeys('krl'), { code: 'BUNDLE_SIGNERS_INVALID' });
  });

  test('what was changed, made for another purpose, or is no signature is refused', () => {
    const list = `${NAME} ${publicLine(public_)}`;
    const signature = signMessage(MESSAGE, private_, NAMESPACE);
    assert.equal(ours(list, null), 'BUNDLE_SIGNATURE_MISSING');
    assert.equal(ours(list, signature, { message: Buffer.from('{"bundle":2}\n') }), 'BUNDLE_SIGNATURE_INVALID');
    assert.equal(ours(list, signMessage(MESSAGE, private_, 'file')), 'BUNDLE_SIGNATURE_INVALID');
    for (const text of [
      '',
      'signature',
      signature.repeat(20),
      signature.replace('BEGIN SSH', 'BEGIN'),
      `x${signature}`,
    ]) {
      assert.equal(ours(list, text), 'BUNDLE_SIGNATURE_INVALID');
    }
  });

  test('no single changed byte of a signature passes, and none makes it fail otherwise', () => {
    const list = `${NAME} ${publicLine(public_)}`;
    const [begin, ...rest] = signMessage(MESSAGE, private_, NAMESPACE).split('\n');
    const blob = Buffer.from(rest.slice(0, -2).join(''), 'base64');
    const armored = (bytes: Buffer) =>
      [begin, ...(bytes.toString('base64').match(/.{1,70}/g) ?? []), ...rest.slice(-2)].join('\n');
    assert.equal(ours(list, armored(blob)), null);
    for (let at = 0; at < blob.length; at++) {
      for (const bit of [0, 3, 7]) {
        const changed = Buffer.from(blob);
        changed[at]! ^= 1 << bit;
        assert.match(String(ours(list, armored(changed))), /^BUNDLE_SIGN/, `byte ${at}, bit ${bit}`);
      }
      assert.equal(ours(list, armored(blob.subarray(0, at))), 'BUNDLE_SIGNATURE_INVALID');
    }
  });
});
