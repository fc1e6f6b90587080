import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { coreStack } from '../../appliance/bin/wire/stack/core.ts';
import { loadConfig } from '../../appliance/config/load.ts';
import type { Config } from '../../appliance/config/schema.ts';
import type { KeptCore } from '../../appliance/control/core-stack/keep-core.ts';
import { controlPaths } from '../../appliance/kernel/names.ts';
import { silentLogger } from '../../appliance/observability/logger.ts';
import { makeKeyPair } from '../../appliance/secrets/identities.ts';
import { compiled } from '../../scripts/images/recipe.ts';
import { until } from '../support/faults/until.ts';
import { manualClock } from '../support/manual-clock.ts';
import { type OwnEngine, ownEngine } from '../support/own-engine.ts';
import { stackMissing } from '../support/stack.ts';

/**
 * Qdrant as one of the core stack. Its image cannot be had here: in its place stands one of this test's with the double, at the
 * program's path and by the settings that the real one is given. What is proven is what surrounds it, not that the real
 * server reads every setting so.
 */
const PROGRAM = `#!/opt/frostbyte/bin/node
const { mkdirSync, readFileSync } = require('node:fs');
const [flag, path] = process.argv.slice(2);
if (flag !== '--config-path' || !/\\.(yaml|json|toml)$/.test(path)) throw new Error('no settings');
const { service, storage } = JSON.parse(readFileSync(path, 'utf8'));
for (const folder of Object.values(storage)) if (typeof folder === 'string') mkdirSync(folder, { recursive: true });
const double = require('node:child_process').spawn(process.execPath, ['/qdrant/double/main.ts'], {
  stdio: ['pipe', 'inherit', 'inherit'],
});
double.stdin.write(JSON.stringify({ api_key: service.api_key, host: service.host, port: service.http_port }) + '\\n');
process.on('SIGTERM', () => double.stdin.end());
double.on('exit', (code) => process.exit(code ?? 1));
`;

describe('Qdrant in the core stack', { skip: stackMissing() ?? false, timeout: 300_000 }, () => {
  let own: OwnEngine;
  let folder: string;
  let config: Config;
  let kept: KeptCore | null;

  before(async () => {
    own = await ownEngine('qdrant', { core: false });
    const tags = await own.load('postgres', 'objects', 'redis', 'clamav', 'appliance');
    const release = tags[0]!.split(':')[1]!;
    folder = mkdtempSync(join(tmpdir(), 'frostbyte-qdrant-'));
    standIn(release);
    config = loadConfig({
      variables: {
        FROSTBYTE_MODE: 'stack',
        FROSTBYTE_DATA: join(folder, 'data'),
        FROSTBYTE_ENGINE: own.socket,
        FROSTBYTE_SECRETS: join(own.memory, 'secrets'),
        FROSTBYTE_HBA: join(folder, 'hba'),
        FROSTBYTE_SIGNATURES: signatures(),
        FROSTBYTE_COMPOSE: compiled('docker-compose'),
        FROSTBYTE_COMPOSE_FOLDER: join(import.meta.dirname, '../../compose'),
      },
    });
    kept = await coreStack(config, {
      root: await makeKeyPair(),
      clock: manualClock(),
      release,
      logger: silentLogger,
      tell: () => undefined,
    });
  });
  after(async () => {
    await kept?.stop();
    await own?.end();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  function standIn(release: string): void {
    const container = own.docker('create', own.image('appliance')).trim();
    const place = join(folder, 'qdrant');
    cpSync(resolve(import.meta.dirname, '../support/qdrant-double'), join(place, 'double'), { recursive: true });
    writeFileSync(join(place, 'qdrant'), PROGRAM, { mode: 0o755 });
    own.docker('cp', place, `${container}:/`);
    own.docker('commit', '--change=USER 0', container, `frostbyte.local/qdrant:${release}`);
    own.docker('rm', container);
  }
  function signatures(): string {
    const path = join(folder, 'signatures');
    mkdirSync(path);
    writeFileSync(join(path, 'frostbyte.ndb'), 'Frostbyte.Test:0:0:46726f7374627974652074657374\n');
    return path;
  }
  const secret = (name: string) => readFileSync(join(config.stack.secrets_folder, name), 'utf8');
  const collections = (key: string) =>
    own.onHost(
      process.execPath,
      '-e',
      `fetch('http://172.28.0.14:6333/collections', { headers: ${JSON.stringify(key === '' ? {} : { 'api-key': key })} })
        .then((answer) => console.log(answer.status))`,
    ).stdout;

  it('is healthy, beside the others, as a user of its own that writes to its one folder', async () => {
    assert.deepEqual(kept!.health(), { name: 'core stack', ok: true, message: '6 services run' });
    // Control asks the service's own check at once; the engine asks it at its interval.
    await until('the engine’s own word for it', () =>
      own.docker('ps', '--filter=name=frostbyte-qdrant-1', '--format={{.Status}}').includes('(healthy)'),
    );
    assert.match(own.docker('top', 'frostbyte-qdrant-1', '-eo', 'uid,pid,args'), /^\s*6333 .*config-path/m);
    const { vectors } = controlPaths(config.data_folder);
    for (const path of [vectors, join(vectors, 'storage'), join(vectors, 'snapshots')])
      assert.equal(statSync(path).uid, 6333, path);
    assert.equal(statSync(vectors).mode & 0o777, 0o700);
  });

  it('is reached with its key alone, which is in no listing of the engine', () => {
    const key = secret('qdrant_api_key');
    assert.equal(collections(key).trim(), '200');
    for (const wrong of ['', 'x'.repeat(key.length)]) assert.equal(collections(wrong).trim(), '401');
    assert.ok(!own.docker('inspect', 'frostbyte-qdrant-1').includes(key));
  });

  it('has its settings for its user alone, and control has the key', () => {
    const { service, telemetry_disabled } = JSON.parse(secret('qdrant_config.yaml'));
    assert.equal(service.api_key, secret('qdrant_api_key'));
    assert.deepEqual(
      [service.jwt_rbac, service.enable_snapshot_url_recovery, service.grpc_port, telemetry_disabled],
      [true, false, null, true],
    );
    for (const [name, owner] of [
      ['qdrant_config.yaml', 6333],
      ['qdrant_api_key', 0],
    ] as const) {
      const { uid, mode } = statSync(join(config.stack.secrets_folder, name));
      assert.deepEqual([uid, mode & 0o777], [owner, 0o400], name);
    }
  });
});
