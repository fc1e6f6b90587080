import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onSameMount } from '../../../../../appliance/bin/wire/stack/same-mount.ts';

test('folders are on one file system where the same mount is the nearest above both', () => {
  const mounts = ['/', '/srv/share', '/var/lib/frostbyte'].map((point, n) => `${n} 0 8:${n} / ${point} rw - ext4 d rw`);
  const same = (one: string, other: string) => onSameMount(one, other, mounts.join('\n'));
  assert.equal(same('/var/lib/frostbyte/inbox/acme', '/var/lib/frostbyte'), true);
  assert.equal(same('/srv/inbox', '/home'), true);
  assert.equal(same('/srv/share/inbox', '/srv/inbox'), false);
  assert.equal(same('/srv/shares', '/srv/inbox'), true, 'another name that begins alike');
  assert.equal(same('/srv/share/../inbox', '/srv/inbox'), true);
});
