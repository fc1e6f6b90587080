import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { coreStack } from '../../appliance/bin/wire/stack/core.ts';
import { loadConfig } from '../../appliance/config/load.ts';
import type { Config } from '../../appliance/config/schema.ts';
import { compose } from '../../appliance/control/core-stack/compose.ts';
import { controlPaths } from '../../appliance/kernel/names.ts';
import { silentLogger } from '../../appliance/observability/logger.ts';
import { makeKeyPair } from '../../appliance/secrets/identities.ts';
import { compiled } from '../../scripts/images/recipe.ts';
import { EICAR } from '../support/clamd.ts';
import { until } from '../support/faults/until.ts';
import { manualClock } from '../support/manual-clock.ts';
import { type OwnEngine, ownEngine } from '../support/own-engine.ts';
import { stackMissing } from '../support/stack.ts';

const SERVICES = ['clamav', 'objects', 'postgres', 'redis', 'scanner'];

/** The core stack of an installed appliance: control brings it up from its own sealed secrets, and keeps it up. */
describe('the core stack under control', { skip: stackMissing() ?? false, timeout: 600_000 }, () => {
  let own: OwnEngine;
  let folder: string;
  let config: Config;
  let release: string;
  const clock = manualClock();
  const root = makeKeyPair();
  /** Why it could not come up. */
  const told: string[] = [];
  const tell = (why: string) => void told.push(why);

  before(async () => {
    own = await ownEngine('core', { core: false });
    const tags = await own.load('postgres', 'objects', 'redis', 'clamav', 'appliance');
    release = tags[0]!.split(':')[1]!;
    folder = mkdtempSync(join(tmpdir(), 'frostbyte-core-'));
    mkdirSync(join(folder, 'signatures'));
    const signature = `Frostbyte.Eicar.Test:0:0:${Buffer.from(EICAR).toString('hex')}\n`;
    writeFileSync(join(folder, 'signatures', 'frostbyte.ndb'), signature);
    // As its unit has it: what users of containers read is for them all the same.
    process.umask(0o077);
    config = loadConfig({
      variables: {
        FROSTBYTE_MODE: 'stack',
        FROSTBYTE_DATA: join(folder, 'data'),
        FROSTBYTE_ENGINE: own.socket,
        FROSTBYTE_SECRETS: join(own.memory, 'secrets'),
        FROSTBYTE_HBA: join(folder, 'hba'),
        FROSTBYTE_SIGNATURES: join(folder, 'signatures'),
        FROSTBYTE_COMPOSE: compiled('docker-compose'),
        FROSTBYTE_VECTORS: 'sqlite-vec',
        FROSTBYTE_COMPOSE_FOLDER: join(import.meta.dirname, '../../compose'),
      },
    });
  });
  after(async () => {
    await own?.end();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  async function up(t: TestContext, tag = release) {
    const kept = await coreStack(config, { root: await root, clock, release: tag, logger: silentLogger, tell });
    t.after(() => kept!.stop());
    return kept!;
  }
  const containers = () =>
    own
      .docker('ps', '--no-trunc', '--format={{.Names}} {{.ID}} {{.Status}}')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' '))
      .sort();
  const running = () => containers().map(([name]) => name);
  const ALL = SERVICES.map((name) => `frostbyte-${name}-1`);
  const sealed = () => readFileSync(controlPaths(config.data_folder).coreSecrets, 'utf8');
  const placed = () =>
    Object.fromEntries(
      readdirSync(config.stack.secrets_folder).map((name) => [
        name,
        readFileSync(join(config.stack.secrets_folder, name), 'utf8'),
      ]),
    );
  /** What the database says to who comes with the password of now. */
  const asksPostgres = () =>
    own.onHost(
      'env',
      `PGPASSFILE=${passwordFile()}`,
      'psql',
      '--no-psqlrc',
      '--tuples-only',
      '--no-align',
      '--host=172.28.0.10',
      '--username=postgres',
      '--command=select 1',
    ).stdout;
  function passwordFile(): string {
    const file = join(folder, 'pgpass');
    writeFileSync(file, `172.28.0.10:5432:*:postgres:${placed().postgres_password}\n`, { mode: 0o600 });
    return file;
  }

  it('comes up from nothing, each secret on memory and for its service’s user alone', async (t) => {
    const kept = await up(t);
    assert.deepEqual(running(), ALL);
    // The scanner is looked at for the first time seconds behind its start.
    await until(
      'all of it to be healthy',
      () => containers().every(([, , , ...status]) => status.join(' ').includes('(healthy)')),
      { seconds: 60, everyMs: 250 },
    );
    assert.deepEqual(kept.health(), { name: 'core stack', ok: true, message: '5 services run' });
    const owners = Object.keys(placed()).map((name) => {
      const { uid, mode } = statSync(join(config.stack.secrets_folder, name));
      return [name, uid, mode & 0o777];
    });
    assert.deepEqual(owners.sort(), [
      ['objects_root_password', 9000, 0o400],
      ['objects_root_user', 9000, 0o400],
      ['postgres_password', 5432, 0o400],
      ['redis_password', 6379, 0o400],
    ]);
    for (const secret of Object.values(placed())) assert.ok(!sealed().includes(secret));
    assert.equal(asksPostgres().trim(), '1');
  });

  it('is left as it is where all of it runs', async (t) => {
    const before = [containers().map(([, id]) => id), placed(), sealed()];
    await up(t);
    assert.deepEqual([containers().map(([, id]) => id), placed(), sealed()], before);
  });

  it('goes on under another release that brings the same images, and is made anew where the name of an image is gone', async (t) => {
    const names = ['postgres', 'objects', 'redis', 'clamav', 'appliance'].map((name) => `frostbyte.local/${name}`);
    for (const name of names) own.docker('tag', `${name}:${release}`, `${name}:next`);
    const before = containers().map(([name, id]) => [name, id]);
    await up(t, 'next');
    assert.deepEqual(
      containers().map(([name, id]) => [name, id]),
      before,
    );
    own.docker('rmi', `frostbyte.local/redis:${release}`);
    await up(t, 'next');
    const anew = containers().filter(([, id]) => !before.some(([, known]) => known === id));
    assert.deepEqual(
      anew.map(([name]) => name),
      ['frostbyte-redis-1'],
    );
    own.docker('tag', 'frostbyte.local/redis:next', `frostbyte.local/redis:${release}`);
  });

  it('is brought up again where a part of it ended, and where one was removed', async (t) => {
    const kept = await up(t);
    own.docker('kill', 'frostbyte-postgres-1');
    own.docker('rm', '--force', 'frostbyte-scanner-1');
    await until('all of it to run', () => running().length === SERVICES.length && kept.health().ok, {
      seconds: 90,
      about: () => told.join('\n'),
    });
    assert.equal(asksPostgres().trim(), '1');
  });

  it('stays down after a boot until control is there, and then has the same secrets', async (t) => {
    const before = placed();
    await own.restart();
    rmSync(config.stack.secrets_folder, { recursive: true });
    assert.deepEqual(running(), []);
    await up(t);
    assert.deepEqual(running(), ALL);
    assert.deepEqual(placed(), before);
    assert.equal(asksPostgres().trim(), '1');
  });

  it('says which image is not there, and looks for it nowhere', async () => {
    const { stack } = config;
    const other = compose({
      program: stack.compose!,
      files: [join(stack.compose_folder, 'core.yaml')],
      engine: stack.engine,
      variables: {
        FROSTBYTE_RELEASE: '9.9.9',
        FROSTBYTE_SECRETS: stack.secrets_folder,
        FROSTBYTE_HBA: stack.hba_folder,
        FROSTBYTE_SIGNATURES: stack.signatures_folder,
      },
    });
    await assert.rejects(other.create(), { code: 'SERVICE_UNAVAILABLE', message: /frostbyte\.local\/\w+:9\.9\.9/ });
    assert.deepEqual(running(), ALL);
  });

  it('is not brought up with another root key: its volumes know the old secrets', async () => {
    const other = await makeKeyPair();
    await assert.rejects(coreStack(config, { root: other, clock, release, logger: silentLogger, tell }), {
      code: 'KEY_UNAVAILABLE',
    });
  });
});
