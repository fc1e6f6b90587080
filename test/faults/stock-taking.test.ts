import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { withControl } from '../../appliance/bin/wire/embedded.ts';
import { embeddedRootKey } from '../../appliance/bin/wire/embedded-root-key.ts';
import { loadConfig } from '../../appliance/config/load.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { controlPaths, tenantPaths } from '../../appliance/kernel/names.ts';
import { openStorageKeys } from '../../appliance/secrets/keyring.ts';
import { makeBatch, text } from '../support/batch.ts';
import { memoryHolding } from '../support/faults/memory.ts';
import { descendantsOf, isRunning, rolesOf, workersOf } from '../support/faults/processes.ts';
import { until } from '../support/faults/until.ts';
import { type Caller, callerOf } from '../support/http.ts';
import { unpackShipped } from '../support/shipped.ts';

/**
 * What each role holds while it runs: the gateway as another user that sees the socket of control, the flags of the
 * kill-switch and nothing else of the appliance; control without TCP; data planes with the keys of their own tenant.
 */

const NOBODY = 65534;
const TENANTS = ['acme', 'globex'] as const;

const cannot =
  process.getuid?.() !== 0
    ? 'needs root, to run the gateway as another user'
    : spawnSync('unshare', ['-m', 'true']).status !== 0
      ? 'needs mount namespaces'
      : false;

describe('what the roles hold', { skip: cannot, timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-stock-'));
  const data = join(folder, 'data');
  const run = join(folder, 'run');
  const flags = join(folder, 'flags');
  let launcher: string;
  let control: ChildProcess;
  let gateway: ChildProcess;
  let url = '';
  let admin: Caller;
  let rootIdentity: string;
  const storage = new Map<string, string>();
  let token: string;

  before(async () => {
    chmodSync(folder, 0o755);
    mkdirSync(flags);
    launcher = unpackShipped(join(folder, 'program'));
    const common = { PATH: process.env.PATH ?? '', FROSTBYTE_RUN: run, FROSTBYTE_RATE_LIMITS: 'off' };
    control = spawn(launcher, ['serve', '--role', 'control', '--data', data], {
      env: { ...common, FROSTBYTE_GATEWAY_UID: String(NOBODY) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await said(control, /answers at (\S+)/);
    // As a unit of the host does it: the folder of flags is shown where the gateway looks for it, the rest is not.
    const become = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs'];
    const drop = ['--inh-caps=-all', '--bounding-set=-all', '--'];
    const script = `mount --bind '${controlPaths(data).suspended}' '${flags}' && exec "$@"`;
    gateway = spawn(
      'unshare',
      [
        '-m',
        '--',
        'sh',
        '-c',
        script,
        'sh',
        ...become,
        ...drop,
        launcher,
        'serve',
        '--role',
        'gateway',
        '--data',
        data,
      ],
      { env: { ...common, FROSTBYTE_FLAGS: flags, FROSTBYTE_PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    url = await said(gateway, /listens on (\S+)/);
    const config = loadConfig({ variables: {}, overrides: { data_folder: data } });
    const issue = (request: { role: 'admin' | 'tenant_admin'; tenant_id?: string }) =>
      withControl(config, async (box) => (await box.issueToken({ subject: 'tester', ...request }, 'operator')).token);
    token = await issue({ role: 'admin' });
    admin = callerOf(() => url, token, 'test');
    const root = await embeddedRootKey(data, systemClock());
    rootIdentity = root.identity;
    for (const tenant_id of TENANTS) {
      const { status } = await admin('POST', '/admin/tenants', {
        tenant_id,
        tenant_name: tenant_id,
        contact_email: 'it@example.org',
      });
      assert.equal(status, 201);
      await until(`${tenant_id} ACTIVE`, async () => {
        const { data: now } = await admin<{ state: string }>('GET', `/admin/tenants/${tenant_id}`);
        return now.state === 'ACTIVE';
      });
      storage.set(tenant_id, (await openStorageKeys(root, tenantPaths(data, tenant_id).secrets)).identities[0]!);
      const dana = callerOf(() => url, await issue({ role: 'tenant_admin', tenant_id }));
      const { form } = makeBatch(tenant_id, [text('note.txt', `A note of ${tenant_id} about cranes.\n`)]);
      assert.equal((await dana('POST', `/ingest/${tenant_id}/batch`, form)).status, 202);
      await until('the note in search', async () => {
        const found = await dana<{ chunks: unknown[] }>('POST', `/query/${tenant_id}/search`, {
          query_text: 'cranes',
        });
        return found.status === 200 && found.data.chunks.length > 0;
      });
    }
  });

  after(async () => {
    const all = [control, gateway].flatMap((one) =>
      one?.pid === undefined ? [] : [one.pid, ...descendantsOf(one.pid)],
    );
    for (const pid of all) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    await until('the end of all processes', () => all.every((pid) => !isRunning(pid)));
    rmSync(folder, { recursive: true, force: true });
  });

  const planeOf = (tenant: string) => rolesOf(control.pid!).find((one) => one.tenant === tenant)!.pid;

  it('the gateway is another user, without a capability and without a way to one', () => {
    const status = readFileSync(`/proc/${gateway.pid}/status`, 'utf8');
    assert.match(status, /^Uid:\s+65534\s+65534\s+65534\s+65534$/m);
    assert.match(status, /^Groups:\s*$/m);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'));
    assert.match(status, /^NoNewPrivs:\s+1$/m);
  });

  it('the gateway has no file of the appliance’s data open, no store loaded, and starts nothing', () => {
    const open = readdirSync(`/proc/${gateway.pid}/fd`).map((fd) => linkOf(`/proc/${gateway.pid}/fd/${fd}`));
    assert.deepEqual(
      open.filter((path) => path.startsWith('/') && !path.startsWith('/dev/')),
      [],
    );
    const maps = readFileSync(`/proc/${gateway.pid}/maps`, 'utf8');
    assert.doesNotMatch(maps, /better-sqlite3|vec0\.so|\.node$/m);
    assert.deepEqual(descendantsOf(gateway.pid!), []);
    // A data plane does load them, so the look would find them.
    assert.match(readFileSync(`/proc/${planeOf('acme')}/maps`, 'utf8'), /better-sqlite3/);
  });

  it('the gateway listens at one address; control and data planes have no TCP at all', () => {
    assert.deepEqual(
      tcpOf(gateway.pid!)
        .filter(({ state }) => state === 'listening')
        .map(({ port }) => port),
      [Number(new URL(url).port)],
    );
    for (const pid of [control.pid!, ...TENANTS.map(planeOf), ...workersOf(control.pid!)])
      assert.deepEqual(tcpOf(pid), []);
  });

  it('the gateway’s user can read no secret and no store', () => {
    const readable = spawnSync('find', [data, run, '-readable', '-type', 'f'], {
      uid: NOBODY,
      gid: NOBODY,
      encoding: 'utf8',
    });
    assert.equal(readable.stdout, '');
    for (const path of [controlPaths(data).rootKey, controlPaths(data).registry, tenantPaths(data, 'acme').records]) {
      const read = spawnSync('cat', [path], { uid: NOBODY, gid: NOBODY, encoding: 'utf8' });
      assert.notEqual(read.status, 0, path);
      assert.match(read.stderr, /Permission denied/);
      assert.equal(spawnSync('test', ['-r', path]).status, 0, `${path} is there`);
    }
  });

  it('no argument and no environment of any process names a secret or a token', () => {
    const all = [gateway.pid!, control.pid!, ...descendantsOf(control.pid!)];
    for (const pid of all) {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
      for (const secret of [rootIdentity, ...storage.values(), token, 'AGE-SECRET-KEY', 'PRIVATE KEY'])
        assert.ok(!words.includes(secret), String(pid));
    }
  });

  it('lets nobody to a suspended tenant, also while control hangs, and to the others', async () => {
    assert.equal((await admin('POST', '/admin/tenants/globex/suspend', { reason: 'incident' })).status, 200);
    assert.equal((await admin('GET', '/ingest/globex/batches')).code, 'TENANT_SUSPENDED');
    process.kill(control.pid!, 'SIGSTOP');
    try {
      const answer = await admin('GET', '/ingest/globex/batches');
      assert.ok(['TENANT_SUSPENDED', 'SERVICE_UNAVAILABLE'].includes(answer.code), answer.code);
    } finally {
      process.kill(control.pid!, 'SIGCONT');
    }
    assert.equal((await admin('GET', '/ingest/acme/batches')).status, 200);
    assert.equal((await admin('POST', '/admin/tenants/globex/resume', { reason: 'over' })).status, 200);
    await until('its data plane', async () => (await admin('GET', '/ingest/globex/batches')).status === 200);
    await until('its worker', () => workersOf(control.pid!).length === TENANTS.length);
  });

  it('each role has in memory the keys that are its own, and no other', () => {
    const secrets = [rootIdentity, ...storage.values()];
    const held = (pid: number) => memoryHolding(pid, secrets).toSorted();
    assert.ok(held(control.pid!).includes(rootIdentity), 'what is there is found');
    assert.deepEqual(held(gateway.pid!), []);
    for (const tenant of TENANTS) assert.deepEqual(held(planeOf(tenant)), [storage.get(tenant)]);
    const workers = workersOf(control.pid!);
    assert.equal(workers.length, TENANTS.length);
    for (const worker of workers) assert.equal(held(worker).length, 1);
  });
});

async function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const found = pattern.exec(line)?.[1];
    if (found !== undefined) {
      child.stdout!.resume();
      return found;
    }
  }
  throw new Error('the role ended before it was up');
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** The TCP sockets of a process. */
function tcpOf(pid: number): { port: number; state: 'listening' | 'other' }[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap(
      (fd) => /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
    ),
  );
  return ['tcp', 'tcp6'].flatMap((name) =>
    readFileSync(`/proc/${pid}/net/${name}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((words) => inodes.has(words[9] ?? ''))
      .map((words) => ({
        port: Number.parseInt(words[1]!.split(':')[1]!, 16),
        state: words[3] === '0A' ? ('listening' as const) : ('other' as const),
      })),
  );
}
