import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storesDisk, storesDiskOrUsual } from '../../../appliance/bin/stores-disk.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';

const away = new FrostbyteError('SERVICE_UNAVAILABLE', 'The container engine does not answer.');
const engine = '/nowhere/docker.sock';

test('the stores lie where the settings say, and nobody is asked', async () => {
  const root = () => Promise.reject(away);
  assert.equal(await storesDisk({ disk: '/srv/stores', engine }, { root })(), '/srv/stores');
});

test('else where the engine keeps its own, which is asked once; while it never answered nobody knows', async () => {
  let [asked, isUp] = [0, false];
  const root = async () => {
    asked += 1;
    if (!isUp) throw away;
    return '/srv/docker';
  };
  const disk = storesDisk({ disk: null, engine }, { root });
  await assert.rejects(disk(), { code: 'SERVICE_UNAVAILABLE' });
  isUp = true;
  assert.deepEqual([await disk(), await disk(), asked], ['/srv/docker', '/srv/docker', 2]);
  assert.equal(
    await storesDiskOrUsual({ disk: null, engine }),
    '/var/lib/docker',
    'what is shown of an engine that is away',
  );
});
