import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import type { PlaneHandover } from '../../appliance/api/plane/handover.ts';
import { checkRole } from '../../appliance/bin/check-role.ts';
import { makeKeyPair } from '../../appliance/secrets/identities.ts';
import { text } from '../support/batch.ts';
import { type ClamdDouble, clamdDouble } from '../support/clamd-double.ts';
import { until } from '../support/faults/until.ts';
import { type OneTenant, oneTenant } from '../support/roles/one-tenant.ts';
import { stockOf } from '../support/roles/stock.ts';
import { sample } from '../support/samples.ts';
import { unpackShipped } from '../support/shipped.ts';

/** Parser, scanner, data plane and worker of one tenant, each a process of its own, as they ship. */

const TENANT = 'acme';
const INFECTED = 'a file that the scanner knows';

describe('roles as processes of their own', { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-roles-'));
  const handoverFile = join(folder, 'handover.json');
  const socket = join(folder, 'parser/parser.sock');
  const roles = new Map<string, { child: ChildProcess; words: string[] }>();
  let launcher: string;
  let clamd: ClamdDouble;
  let tenant: OneTenant;
  let said = '';

  /** Starts a role with an empty environment; resolves with the line that it says. */
  async function start(role: string, ...args: string[]): Promise<string> {
    const words = ['serve', '--role', role, ...args];
    const child = spawn(launcher, words, { env: {}, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
    child.stderr.on('data', (bytes) => (said += bytes));
    roles.set(role, { child, words });
    for await (const line of createInterface({ input: child.stdout })) {
      child.stdout.resume();
      return line;
    }
    throw new Error(`the role ${role} ended before it was up: ${said}`);
  }
  function handOver(handover: PlaneHandover): void {
    writeFileSync(`${handoverFile}.new`, JSON.stringify(handover), { mode: 0o400 });
    renameSync(`${handoverFile}.new`, handoverFile);
  }
  const pidOf = (role: string) => roles.get(role)!.child.pid!;

  before(async () => {
    chmodSync(folder, 0o755);
    launcher = unpackShipped(join(folder, 'program'));
    mkdirSync(join(folder, 'parser'), { mode: 0o700 });
    clamd = await clamdDouble((bytes) => (bytes.includes(INFECTED) ? 'Test.Signature' : null));
    const scanning = await start('scanner', '--listen', '127.0.0.1:0', '--clamd', clamd.address);
    const reach = { host: '127.0.0.1', port: await freePort() };
    tenant = await oneTenant({
      tenantId: TENANT,
      data: join(folder, 'data'),
      listen: reach,
      reach,
      parserSocket: socket,
      scanner: /scans at (\S+)/.exec(scanning)![1]!,
    });
    roles.get('scanner')!.words.push('--listen', /scans at (\S+)/.exec(scanning)![1]!);
    mkdirSync(join(folder, 'data'));
    handOver(tenant.handover);
    assert.match(await start('parser', '--socket', socket), /parses at/);
    assert.match(await start('data-plane', '--tenant', TENANT, '--handover', handoverFile), /runs a data plane/);
    assert.match(await start('worker', '--tenant', TENANT, '--handover', handoverFile), /works for one tenant/);
  });

  after(async () => {
    for (const { child } of roles.values()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    clamd?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('take documents in, scan, parse, work on and find them', async () => {
    const files = [
      text('note.txt', 'A note about cranes.\n'),
      sample('contract-warehouse-lease.pdf'),
      text('bad.txt', `Here is ${INFECTED}.\n`),
    ];
    const { status, batchId, scans } = await tenant.send(files);
    assert.equal(status, 202);
    assert.deepEqual(scans, {
      'note.txt': 'clean',
      'contract-warehouse-lease.pdf': 'clean',
      'bad.txt': 'quarantined',
    });
    const states = await tenant.settled(batchId);
    assert.deepEqual(
      [states['note.txt'], states['contract-warehouse-lease.pdf']],
      ['index completed', 'index completed'],
      said,
    );
    const { data } = await tenant.ask<{ chunks: { text: string }[] }>('POST', `/query/${TENANT}/search`, {
      query_text: 'cranes',
    });
    assert.match(data.chunks[0]!.text, /cranes/);
  });

  it('serve nobody without an assertion', async () => {
    const { status } = await tenant.ask('GET', `/ingest/${TENANT}/batches`, undefined, { assertion: false });
    assert.equal(status, 401);
  });

  it('are well by their own health check, and the check tells when one is not', async () => {
    for (const [role, { child, words }] of roles)
      await checkRole(words, child.pid!).catch((error) => assert.fail(`${role}: ${error}`));
    const silent = join(folder, 'nobody.sock');
    await assert.rejects(checkRole(['serve', '--role', 'parser', `--socket=${silent}`], 1));
    await assert.rejects(checkRole(['serve', '--role', 'scanner', '--listen', '127.0.0.1:1'], 1));
    await assert.rejects(checkRole(['serve', '--role', 'worker'], 999_999_999));
    await assert.rejects(checkRole(['serve', '--role', 'gateway'], 1), /no role that can be asked/);
    await assert.rejects(checkRole(['serve'], 1), /no role that can be asked/);
  });

  it('hold no environment, and parser and scanner no file and no socket but their own', () => {
    // The launcher is a shell script, and shells say where they are.
    for (const role of roles.keys()) assert.deepEqual(stockOf(pidOf(role)).environment, ['PWD=/'], role);
    const [parser, scanner] = [stockOf(pidOf('parser')), stockOf(pidOf('scanner'))];
    assert.deepEqual([parser.files, scanner.files], [[], []]);
    assert.deepEqual(parser.internet, []);
    assert.deepEqual([...new Set(parser.unix)], [socket]);
    assert.deepEqual(scanner.unix, []);
    assert.equal(scanner.internet.filter((one) => one.endsWith(' 0A')).length, 1, 'it listens once');
    // A data plane does have files open, so the look would find them.
    assert.ok(stockOf(pidOf('data-plane')).files.some((file) => file.endsWith('records.sqlite')));
    assert.deepEqual(
      stockOf(pidOf('worker')).internet.filter((one) => one.endsWith(' 0A')),
      [],
    );
  });

  it('open no debugger for who may send a signal', async () => {
    for (const role of roles.keys()) process.kill(pidOf(role), 'SIGUSR1');
    for (const [role, { child, words }] of roles)
      await checkRole(words, child.pid!).catch((error) => assert.fail(`${role}: ${error}`));
    const listening = [...roles.keys()].map((role) =>
      stockOf(pidOf(role)).internet.filter((one) => one.endsWith(' 0A')),
    );
    assert.equal(listening.flat().length, 2, 'scanner and data plane, at their own addresses');
    assert.doesNotMatch(said, /Debugger listening/);
  });

  it('take over new keys from a handover that was written anew', async () => {
    const added = await makeKeyPair();
    const { storage_keys: old } = tenant.handover;
    const keys = {
      recipient: added.recipient,
      identities: [...old.identities, added.identity],
      recipients: [...old.recipients, added.recipient],
    };
    const plane = await tenant.dial();
    await plane.ask.value('rekey', keys);
    plane.close();
    tenant.handover.storage_keys = keys;
    handOver(tenant.handover);
    const { batchId } = await tenant.send([text('after.txt', 'Written after the rotation.\n')]);
    assert.deepEqual(await tenant.settled(batchId), { 'after.txt': 'index completed' });
  });

  it('end on SIGTERM, and the worker when its handover is taken away', async () => {
    const endedBy = async (role: string, act: () => void) => {
      const { child } = roles.get(role)!;
      const ended = once(child, 'exit');
      act();
      assert.deepEqual(await ended, [0, null], role);
    };
    await endedBy('worker', () => rmSync(handoverFile));
    for (const role of ['data-plane', 'parser', 'scanner'])
      await endedBy(role, () => process.kill(pidOf(role), 'SIGTERM'));
    await until('the end of all', () => [...roles.values()].every(({ child }) => child.exitCode === 0));
  });

  it('are refused where something is missing, with a code and what to do', async () => {
    const refused = async (...words: string[]) => {
      const child = spawn(launcher, ['serve', '--role', ...words], { env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
      let error = '';
      child.stderr.on('data', (bytes) => (error += bytes));
      const [code] = await once(child, 'close');
      assert.notEqual(code, 0);
      return error;
    };
    assert.match(await refused('worker'), /needs --tenant and --handover/);
    assert.match(await refused('worker', '--tenant', TENANT, '--handover', handoverFile), /cannot be read/);
    assert.match(await refused('scanner', '--listen', '127.0.0.1:0'), /needs --listen and --clamd/);
    assert.match(await refused('scanner', '--listen', 'here', '--clamd', clamd.address), /host:port/);
    assert.match(await refused('parser', '--socket', join(folder, 'none/parser.sock')), /must be there/);
    mkdirSync(join(folder, 'open'));
    chmodSync(join(folder, 'open'), 0o777);
    assert.match(await refused('parser', '--socket', join(folder, 'open/parser.sock')), /others may not write/);
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
