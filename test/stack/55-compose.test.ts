import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { release } from '../../scripts/images/build.ts';
import { compiled } from '../../scripts/images/recipe.ts';
import { composeEnvironment } from '../../scripts/stack/settings.ts';
import { stackMissing } from '../support/stack.ts';

interface Composed {
  services: Record<string, Record<string, unknown> & { image: string }>;
  networks: Record<string, { internal?: boolean; ipam: { config: unknown[] } }>;
}

describe('the Compose files', { skip: stackMissing() ?? false }, () => {
  const folder = resolve(import.meta.dirname, '../../compose');
  const config = (...files: string[]) =>
    spawnSync(
      compiled('docker-compose'),
      [...files.map((file) => `--file=${join(folder, file)}`), 'config', '--format=json'],
      {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, ...composeEnvironment(), FROSTBYTE_VECTORS_FOLDER: '/var/lib/frostbyte/qdrant' },
      },
    );

  for (const files of [
    ['core.yaml'],
    ['core.yaml', 'tls.yaml'],
    ['core.yaml', 'qdrant.yaml'],
    ['core.yaml', 'tls.yaml', 'qdrant.yaml', 'qdrant-tls.yaml'],
  ]) {
    it(`${files.join(' and ')} are read by Compose without a word of complaint`, () => {
      const { status, stdout, stderr } = config(...files);
      assert.deepEqual([status, stderr], [0, '']);
      const { services, networks } = JSON.parse(stdout) as Composed;
      for (const [name, network] of Object.entries(networks)) assert.equal(network.internal, true, name);
      for (const [name, service] of Object.entries(services)) {
        assert.match(service.image, new RegExp(`^frostbyte\\.local/[a-z]+:${release()}$`), name);
        assert.deepEqual(
          [service.pull_policy, service.restart, service.read_only, service.cap_drop, service.dns, service.ports],
          ['never', 'no', true, ['ALL'], ['127.0.0.1'], undefined],
          name,
        );
        for (const limit of ['mem_limit', 'memswap_limit', 'cpus', 'pids_limit', 'stop_grace_period', 'logging'])
          assert.ok(service[limit] !== undefined, `${name}: ${limit}`);
      }
    });
  }

  it('are refused where a folder of secrets or the release was not named', () => {
    for (const name of ['FROSTBYTE_RELEASE', 'FROSTBYTE_SECRETS', 'FROSTBYTE_HBA', 'FROSTBYTE_SIGNATURES']) {
      const { status, stderr } = spawnSync(
        compiled('docker-compose'),
        [`--file=${join(folder, 'core.yaml')}`, 'config', '--quiet'],
        {
          encoding: 'utf8',
          env: { PATH: process.env.PATH, ...composeEnvironment(), [name]: undefined },
        },
      );
      assert.notEqual(status, 0, name);
      assert.match(stderr, new RegExp(name));
    }
  });
});
