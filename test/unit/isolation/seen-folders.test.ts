import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pointsIn, wouldBeSeenAt } from '../../../appliance/isolation/seen-folders.ts';

test('places at which something is mounted, once each, without what is the kernel’s own', () => {
  const text = [
    '1 0 0:30 / / ro,relatime - overlay overlay ro',
    '2 1 0:31 / /proc rw - proc proc rw',
    '3 1 0:32 / /dev/shm rw - tmpfs shm rw',
    '4 1 8:1 /data/tenants/acme /var/lib/frostbyte rw - ext4 /dev/sda1 rw',
    '5 4 8:1 /data/tenants/globex /var/lib/frostbyte/a\\040place rw - ext4 /dev/sda1 rw',
    '6 1 0:33 / /device rw - tmpfs tmpfs rw',
    '7 1 0:33 / /device rw - tmpfs tmpfs rw',
    '',
  ].join('\n');
  assert.deepEqual(pointsIn(text), ['/', '/var/lib/frostbyte', '/var/lib/frostbyte/a place', '/device']);
});

test('a folder is looked for where it would be, were it or anything above it mounted there', () => {
  const places = wouldBeSeenAt(['/', '/given'], '/var/tenants/globex');
  assert.deepEqual(places, [
    '/',
    '/var/tenants/globex',
    '/tenants/globex',
    '/globex',
    '/given',
    '/given/var/tenants/globex',
    '/given/tenants/globex',
    '/given/globex',
  ]);
});
