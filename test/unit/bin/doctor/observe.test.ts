import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { leafHash } from '../../../../appliance/audit/leaf.ts';
import { lockDataFolder } from '../../../../appliance/bin/data-folder-lock.ts';
import { lookInto } from '../../../../appliance/bin/doctor/look-into.ts';
import { observe } from '../../../../appliance/bin/doctor/observe.ts';
import { openSight, within } from '../../../../appliance/bin/doctor/sight.ts';
import { patientOf } from '../../../../appliance/bin/doctor/where.ts';
import { hostLayout } from '../../../../appliance/bundle/host-layout.ts';
import { loadConfig } from '../../../../appliance/config/load.ts';
import { openRegistry } from '../../../../appliance/control/registry/open.ts';
import { controlPaths, logPath, tenantPaths } from '../../../../appliance/kernel/names.ts';
import { diagnose } from '../../../../appliance/observability/doctor/diagnose.ts';
import { makeKeyPair } from '../../../../appliance/secrets/identities.ts';
import { sealRoot } from '../../../../appliance/secrets/sealed-root.ts';
import { openSqliteLog } from '../../../../appliance/stores/log/sqlite.ts';
import { openSqliteQueue } from '../../../../appliance/stores/queue/sqlite.ts';
import { LOG_TENANT, logged } from '../../../contract/log.suite.ts';
import { manualClock } from '../../../support/manual-clock.ts';

/** States of a real data folder, and servers that answer as they would; what is found in them. */

/** A user that runs an appliance, and is not root. */
const OWNER = 12_345;

let folder: string;
let data: string;
let port: number;
let gateway: Server | null = null;
const clock = manualClock();
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'frostbyte-doctor-'));
  data = join(folder, 'data');
  // A port on which nobody listens any more.
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  port = (server.address() as AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
});
afterEach(async () => {
  gateway?.closeAllConnections();
  await new Promise<unknown>((resolve) => (gateway === null ? resolve(null) : gateway.close(resolve)));
  gateway = null;
  rmSync(folder, { recursive: true, force: true });
});

/** A gateway that says of dependencies and measures what it is told to. */
async function listening(dependencies: object[], metrics = ''): Promise<void> {
  gateway = createServer(({ url }, answer) => {
    const body = url === '/metrics' ? metrics : JSON.stringify({ dependencies });
    answer.writeHead(url === '/ready' && dependencies.length > 0 ? 503 : 200).end(body);
  }).listen(port, '127.0.0.1');
  await new Promise((resolve) => gateway!.once('listening', resolve));
}

/** A data folder with one tenant, its log and its jobs, and a root key. */
async function appliance(): Promise<void> {
  const paths = controlPaths(data);
  mkdirSync(dirname(paths.rootKey), { recursive: true, mode: 0o700 });
  const { identity, recipient } = await makeKeyPair();
  writeFileSync(paths.rootKey, `# public key: ${recipient}\n${identity}\n`, { mode: 0o600 });
  writeFileSync(
    paths.recovery,
    '{"active":{"recipient":"age1x","named_at":"t","proven_at":"t","challenge":null},"pending":null}',
    { mode: 0o600 },
  );
  const registry = openRegistry(paths.registry, clock);
  registry.run(
    `INSERT INTO tenants (tenant_id, tenant_name, contact_email, tier, state, created_at, config_version)
     VALUES ('nordlaw', 'Nordlaw', 'a@example.org', 'standard', 'ACTIVE', ?, 1)`,
    [clock.iso()],
  );
  registry.close();
  mkdirSync(paths.logs, { recursive: true });
  const log = openSqliteLog(logPath(data, LOG_TENANT), { tenant_id: LOG_TENANT, clock });
  const entries = [1, 2, 3].map((n) => {
    const entry = logged(n);
    return { ...entry, leaf_hash: leafHash(entry.event) };
  });
  await log.append(entries);
  await log.close();
}

const look = async (settings: object = {}) => {
  const overrides = { data_folder: data, listen: { host: '127.0.0.1', port }, ...settings };
  return observe(patientOf(hostLayout(join(folder, 'host')), () => loadConfig({ variables: {}, overrides })));
};
const codes = async (settings: object = {}) => diagnose(await look(settings)).findings.map(({ code }) => code);

describe('a data folder', () => {
  test('that was never used has nothing wrong', async () => {
    assert.deepEqual(await codes(), []);
  });

  test('whose appliance is down is told so; one that answers is well, and nothing of it was changed', async () => {
    await appliance();
    assert.deepEqual(await codes(), ['appliance-down']);
    await listening([]);
    const before = readdirSync(data, { recursive: true }).toSorted();
    const diagnosis = diagnose(await look());
    assert.deepEqual(diagnosis.findings, []);
    assert.equal(diagnosis.ok, true, JSON.stringify(diagnosis.blind));
    assert.deepEqual(readdirSync(data, { recursive: true }).toSorted(), before);
  });

  test('that another process works on is told so', async () => {
    await appliance();
    const held = lockDataFolder(controlPaths(data).lock);
    try {
      assert.deepEqual(await codes(), ['data-folder-locked']);
    } finally {
      held.release();
    }
    assert.deepEqual(await codes(), ['appliance-down']);
  });

  test('whose gateway’s port somebody else has is told who', async () => {
    await appliance();
    gateway = createServer((_, answer) => answer.writeHead(404).end()).listen(port, '127.0.0.1');
    await new Promise((resolve) => gateway!.once('listening', resolve));
    const { findings } = diagnose(await look());
    assert.match(findings.find(({ code }) => code === 'port-taken')!.found[0]!, new RegExp(`port ${port}: .*node`));
  });

  test('whose dependencies are not ready is told which, and whose jobs nobody takes', async () => {
    await appliance();
    await listening([
      { name: 'tenants.vectors', ok: false, message: 'cannot be reached' },
      { name: 'workers', ok: false, message: '0 of 1 alive' },
    ]);
    mkdirSync(tenantPaths(data, 'nordlaw').folder, { recursive: true });
    const queue = openSqliteQueue(tenantPaths(data, 'nordlaw').queue, { clock });
    await queue.close();
    const raw = new Database(tenantPaths(data, 'nordlaw').queue);
    raw
      .prepare(
        "INSERT INTO jobs (job_id, stage, doc_id, run, due_at, available_at) VALUES ('j', 'parse', 'd', 1, 1, 1)",
      )
      .run();
    raw.close();
    assert.deepEqual((await codes()).toSorted(), ['backlog-stuck', 'dependency-not-ready', 'workers-lost']);
  });

  test('with an event that was changed in the database names the log and the event', async () => {
    await appliance();
    await listening([]);
    const file = logPath(data, LOG_TENANT);
    const raw = new Database(file);
    raw.exec('DROP TRIGGER events_no_update; DROP TRIGGER events_no_delete');
    raw.prepare("UPDATE events SET actor = 'somebody' WHERE log_index = 1").run();
    raw.close();
    const found = async () => diagnose(await look()).findings.find(({ code }) => code === 'audit-chain-broken')?.found;
    assert.deepEqual(await found(), [`${LOG_TENANT}: event 1 is not what its hash says`]);
    const again = new Database(file);
    again.pragma('foreign_keys = OFF');
    again.exec('DELETE FROM events WHERE log_index = 1');
    again.close();
    assert.deepEqual(await found(), [`${LOG_TENANT}: 1 of 3 events are missing`]);
  });

  test('with a damaged database names the file', async () => {
    await appliance();
    await listening([]);
    const file = logPath(data, '_appliance');
    writeFileSync(file, Buffer.alloc(8192, 'x'));
    const { findings } = diagnose(await look());
    assert.deepEqual(
      findings.map(({ code, found }) => [code, found]),
      [['database-damaged', [file]]],
    );
  });

  test('with a key that is missing, sealed, or open to others is told so', async () => {
    await appliance();
    await listening([]);
    const { rootKey } = controlPaths(data);
    const kept = join(folder, 'kept');
    copyFileSync(rootKey, kept);
    chmodSync(rootKey, 0o644);
    assert.deepEqual(await codes(), ['root-key-unreadable', 'secrets-readable']);
    rmSync(rootKey);
    assert.deepEqual(await codes(), ['root-key-missing']);
    const sealed = await sealRoot(await makeKeyPair(), clock.iso(), { passphrase: 'a passphrase of some length' });
    writeFileSync(rootKey, sealed, { mode: 0o600 });
    assert.deepEqual(await codes(), ['root-key-sealed']);
  });

  test('without a recovery recipient, with a challenge that waits, or a damaged record is told so', async () => {
    await appliance();
    await listening([]);
    const { recovery } = controlPaths(data);
    const pending = (expires_at: string) =>
      JSON.stringify({
        active: null,
        pending: { recipient: 'age1x', named_at: 't', proven_at: null, challenge: { sha256: 's', expires_at } },
      });
    for (const [text, wanted] of [
      [pending('2999-01-01T00:00:00Z'), 'recovery-unanswered'],
      [pending('2001-01-01T00:00:00Z'), 'recovery-unanswered'],
      ['{', 'recovery-unproven'],
    ] as const) {
      writeFileSync(recovery, text, { mode: 0o600 });
      assert.deepEqual(await codes(), [wanted]);
    }
    rmSync(recovery);
    assert.deepEqual(await codes(), ['recovery-unproven']);
  });

  test('whose clock stepped ahead, or is behind, is told so', async () => {
    await appliance();
    await listening([]);
    const { clock: kept } = controlPaths(data);
    writeFileSync(kept, String(Date.now() + 86_400_000));
    assert.deepEqual(await codes(), ['clock-behind']);
    writeFileSync(kept, '1');
    writeFileSync(`${kept}-step`, JSON.stringify({ from: 0, to: 9 * 86_400_000, ran_ms: 0 }));
    assert.deepEqual(await codes(), ['clock-stepped']);
  });

  test('with a model that is cut short, or named and not here, is told so', async () => {
    await appliance();
    await listening([]);
    const models_folder = join(folder, 'models');
    mkdirSync(join(models_folder, 'all-mpnet-base-v2'), { recursive: true });
    writeFileSync(join(models_folder, 'all-mpnet-base-v2/tokenizer.json'), '{');
    assert.deepEqual(await codes({ embedder: { models_folder } }), ['model-damaged']);
    rmSync(models_folder, { recursive: true });
    assert.deepEqual(await codes({ embedder: { models_folder, model: 'all-mpnet-base-v2' } }), ['model-missing']);
  });

  test('whose settings cannot be read is looked at all the same', async () => {
    await appliance();
    await listening([]);
    const patient = patientOf(
      hostLayout(join(folder, 'host')),
      () => loadConfig({ variables: {}, overrides: { data_folder: data, listn: {} } }),
      data,
    );
    const found = diagnose(await observe(patient)).findings.map(({ code }) => code);
    assert.ok(found.includes('settings-invalid') && found.length <= 2, found.join());
  });
});

describe('an installed host', () => {
  /** An engine that answers, behind a socket. */
  async function engine(answers: Record<string, unknown>): Promise<string> {
    const socket = join(folder, 'engine.sock');
    gateway = createServer(({ url }, answer) => {
      const path = url!.replace(/^\/v1\.\d+/, '').replace(/\?.*/, '');
      const found = path === '/version' ? { ApiVersion: '1.41', ...(answers[path] as object) } : answers[path];
      answer.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
      answer.end(JSON.stringify(found ?? { message: 'no such' }));
    }).listen(socket);
    await new Promise((resolve) => gateway!.once('listening', resolve));
    return socket;
  }
  const stack = (socket: string, changes: object = {}) => ({
    mode: 'stack',
    stack: {
      engine: socket,
      vectors: 'sqlite-vec',
      compose: null,
      secrets_folder: join(folder, 'secrets'),
      signatures_folder: join(folder, 'signatures'),
      certificates_folder: null,
      disk: folder,
      ...changes,
    },
    scanner: { clamd: null },
  });

  test('is told of containers that are missing, ended, out of memory and not well, by the engine alone', async () => {
    const names = ['postgres', 'objects', 'redis', 'clamav'];
    const states: Record<string, object> = {
      postgres: { ExitCode: 137, OOMKilled: true },
      objects: { ExitCode: 0, OOMKilled: false, Health: { Status: 'unhealthy', Log: [{ Output: 'no way\u001b[2J' }] } },
      redis: { ExitCode: 1, OOMKilled: false },
      clamav: { ExitCode: 0, OOMKilled: false, Health: { Status: 'healthy', Log: null } },
    };
    const listed = names.map((name) => ({
      Id: name,
      Names: [`/frostbyte-${name}-1`],
      State: ['objects', 'clamav'].includes(name) ? 'running' : 'exited',
      Labels: { 'com.docker.compose.service': name, 'frostbyte.plane': 'stores' },
    }));
    const socket = await engine({
      '/version': { Version: '20.10.5' },
      '/containers/json': listed,
      '/images/json': [],
      '/networks': [{ Name: 'frostbyte_stores' }],
      ...Object.fromEntries(
        names.map((name) => [`/containers/${name}/json`, { State: states[name], RestartCount: 0 }]),
      ),
    });
    const { findings } = diagnose(await look(stack(socket)));
    const engineOnes = findings.filter(({ group }) => group === 'Engine').map(({ code, found }) => [code, found]);
    assert.deepEqual(engineOnes, [
      ['engine-too-old', ['20.10.5, and 20.10.24 is the oldest']],
      ['networks-missing', ['frostbyte_scanning']],
      ['container-missing', ['frostbyte-scanner-1']],
      ['container-out-of-memory', ['frostbyte-postgres-1']],
      ['container-exited', ['frostbyte-redis-1: exit code 1']],
      ['objects-unhealthy', ['frostbyte-objects-1: no way\\u001b[2J']],
    ]);
    assert.ok(findings.some(({ code }) => code === 'signatures-missing'));
  });

  test('whose engine does not answer, and whose Compose is gone, is told so', async () => {
    const socket = join(folder, 'nobody.sock');
    writeFileSync(socket, '');
    const found = await codes(stack(socket, { compose: join(folder, 'no-compose') }));
    assert.ok(found.includes('engine-down') && found.includes('compose-missing'), found.join());
  });
});

describe('a look', () => {
  test('that does not come to an end is given up in its time, and told; the others go on', async () => {
    const sight = openSight();
    const never = new Promise<string>(() => undefined);
    assert.equal(await sight.see('a share that went away', () => never, 'nothing', 20), 'nothing');
    assert.equal(await sight.see('what is there', () => 'something', 'nothing'), 'something');
    assert.deepEqual(sight.blind, [{ what: 'a share that went away', why: 'no answer within 0.02 s' }]);
    await assert.rejects(
      within(5, () => never),
      /no answer/,
    );
  });

  test('into a database leaves nothing beside it that its owner could not open', {
    skip: process.geteuid?.() === 0 ? false : 'needs root',
  }, async () => {
    await appliance();
    const file = controlPaths(data).registry;
    chownSync(file, OWNER, OWNER);
    assert.equal(
      lookInto(file, (database) => database.pragma('journal_mode', { simple: true })),
      'wal',
    );
    const beside = ['-wal', '-shm'].map((end) => file + end).filter(existsSync);
    for (const one of beside) assert.equal(statSync(one).uid, OWNER, one);
    assert.throws(() => lookInto(join(data, 'not-there'), () => null));
  });
});
