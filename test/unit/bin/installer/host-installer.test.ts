import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { CommandLine, Heard } from '../../../../appliance/bin/host/command-line.ts';
import { hostInstaller } from '../../../../appliance/bin/installer/host-installer.ts';
import { hostLayout } from '../../../../appliance/bundle/host-layout.ts';
import { lockHost } from '../../../../appliance/bundle/operation/host-lock.ts';
import { beginOrResume } from '../../../../appliance/bundle/operation/operations.ts';
import type { Operation } from '../../../../appliance/bundle/operation/phase.ts';
import type { Choices, VerifiedRelease } from '../../../../appliance/ui/installer/port.ts';

const CHOICES: Choices = { port: '9090', subnet: '10.77', recovery_recipient: 'age1q', allow: 'swap', reason: '-V' };
const BY = { user: 'root', uid: 0, login: 'frida' };
const NONE: Choices = { port: '8080', subnet: '172.28', recovery_recipient: '', allow: '', reason: '' };

describe('the installer’s pages on a host', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'frostbyte-host-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** An installer whose commands are written down; those that take long end when a test says so. */
  function made(kind: VerifiedRelease['kind'], belief: string[] = []) {
    const typed: string[][] = [];
    let heard: Heard | null = null;
    let end = () => {};
    const command: CommandLine = {
      async ask<T>(...words: string[]) {
        typed.push(words);
        return { phases: [], checks: [], records: [] } as T;
      },
      async bytes(...words) {
        typed.push(words);
        return new Uint8Array([7]);
      },
      start(words, hears) {
        typed.push([...words]);
        heard = hears;
        const { promise: over, resolve } = Promise.withResolvers<void>();
        end = resolve;
        return { stop: () => typed.push(['SIGINT']), over };
      },
    };
    const release: VerifiedRelease = {
      ...{ kind, version: '1.2.3', counter: 1, arch: 'amd64', manifest_sha256: '', signer: '', root: '' },
      ...{ bytes: 1, copy: '/copy' },
    };
    const installer = hostInstaller({ release, layout: hostLayout(root), command, belief });
    const ended = (why: { code: string; message: string } | null) => {
      heard!.ended(why);
      end();
    };
    return { installer, typed, ended, heard: () => heard! };
  }

  it('types what a person would, each choice as one word', async () => {
    const { installer, typed, ended } = made('install', ['--fingerprint=SHA256:x']);
    await installer.preflight(CHOICES);
    await installer.start(CHOICES);
    ended(null);
    await installer.rollBack('-V --json');
    assert.deepEqual(typed, [
      [
        ...['preflight', '--bundle', '/copy', '--no-record', '--port=9090', '--subnet=10.77', '--allow=swap'],
        '--reason=-V',
        '--root',
        root,
      ],
      [
        ...['install', '--port=9090', '--subnet=10.77', '--allow=swap', '--reason=-V', '--fingerprint=SHA256:x'],
        '--recovery-recipient=age1q',
        '--root',
        root,
      ],
      ['plan', 'rollback', '--because=-V --json', '--root', root],
    ]);
  });

  it('has the support bundle made without a file of its own', async () => {
    const { installer, typed } = made('install');
    const { name, bytes } = await installer.supportBundle();
    assert.match(name, /^frostbyte-support-\d{8}T\d{6}Z\.tar\.gz$/);
    assert.deepEqual([...bytes], [7]);
    assert.deepEqual(typed[0]!.slice(0, 4), ['support-bundle', '--out', '-', '--yes']);
  });

  it('upgrades by what is installed: no port, no addresses and nobody’s recovery key are asked for', async () => {
    const { installer, typed } = made('upgrade');
    await installer.preflight(CHOICES);
    await installer.plan(NONE);
    await installer.start(NONE);
    assert.deepEqual(typed, [
      ['preflight', '--bundle', '/copy', '--no-record', '--allow=swap', '--reason=-V', '--root', root],
      ['upgrade', '--dry-run', '--root', root],
      ['upgrade', '--root', root],
    ]);
  });

  it('runs one thing at a time, says where it is, and waits for it when it is to stop', async () => {
    const { installer, typed, ended, heard } = made('install');
    await installer.start(NONE);
    await assert.rejects(installer.resume(), { code: 'OPERATION_RUNNING' });
    heard().event({
      event: 'noted',
      phase: 'images',
      done: 1,
      total: 4,
      elapsed_seconds: 2,
      eta_seconds: 6,
      text: 'sent',
    });
    const { running, live, notes } = await installer.progress();
    assert.deepEqual([running, live?.phase, live?.eta_seconds, notes], [true, 'images', 6, ['sent']]);
    let isOver = false;
    const stopping = installer.stop().then(() => {
      isOver = true;
    });
    assert.deepEqual(typed.at(-1), ['SIGINT']);
    assert.equal(isOver, false);
    ended({ code: 'CHECK_FAILED', message: 'OPERATION_UNFINISHED' });
    await stopping;
    const { running: still, refusal } = await installer.progress();
    assert.deepEqual([still, refusal], [false, null], 'how an operation ended stands in its journal');
  });

  it('keeps why one could not begin until the next begins', async () => {
    const { installer, ended } = made('upgrade');
    await installer.start(NONE);
    ended({ code: 'DISK_FULL', message: 'no room' });
    assert.deepEqual((await installer.progress()).refusal, { code: 'DISK_FULL', message: 'no room' });
    await installer.start(NONE);
    assert.equal((await installer.progress()).refusal, null);
  });

  it('shows that somebody else works on the host for as long as they hold its lock, and no longer', async () => {
    const { operations } = hostLayout(root);
    mkdirSync(operations, { recursive: true });
    const phase = {
      name: 'images',
      title: 'Load',
      seconds: 1,
      check: async () => true,
      do: async () => {},
      undo: null,
    };
    const operation: Operation = {
      ...{ kind: 'install', title: 'Install', parameters: {}, phases: [phase], on_failure: 'wait' as const },
    };
    beginOrResume({ folder: operations, operation, version: '1.2.3', by: BY, now: () => new Date() });
    const { installer } = made('install');
    const lock = lockHost(operations, { command: 'frostbyte plan resume', pid: process.pid, since: '', by: BY });
    assert.equal((await installer.progress()).elsewhere, `frostbyte plan resume (${process.pid})`);
    lock.release();
    assert.equal(
      (await installer.progress()).elsewhere,
      null,
      'what it left behind says nothing, though its process lives',
    );
  });

  it('takes an answer only where a challenge waits, for its owner alone to read, and goes on', async () => {
    const { installer, typed } = made('install');
    await assert.rejects(installer.answer('seven words'), { code: 'INVALID_STATE_TRANSITION' });
    const folder = join(hostLayout(root).data, 'recovery');
    assert.ok(!existsSync(folder));
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'challenge.json'),
      JSON.stringify({ recipient: 'age1q', challenge: 'x', expires_at: '' }),
    );
    await installer.answer(' seven words\n');
    assert.equal(readFileSync(join(folder, 'answer.txt'), 'utf8'), 'seven words\n');
    assert.deepEqual(typed.at(-1), ['plan', 'resume', '--root', root]);
  });
});
