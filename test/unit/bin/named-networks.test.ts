import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Server } from 'node:net';
import { test } from 'node:test';
import { admitNamed } from '../../../appliance/bin/named-networks.ts';

function hungUpOn(networks: readonly string[], from: string | undefined): boolean {
  const server = new EventEmitter();
  admitNamed(server as Server, networks);
  let isGone = false;
  server.emit('connection', { remoteAddress: from, destroy: () => (isGone = true) });
  return isGone;
}

test('whoever comes from a named network or from the host itself is let in, and nobody else', () => {
  const named = ['10.1.0.0/16', 'fd00:1::/32'];
  for (const from of ['10.1.2.3', '::ffff:10.1.2.3', 'fd00:1::7', '127.0.0.1', '::1', '::ffff:127.0.0.1'])
    assert.equal(hungUpOn(named, from), false, from);
  for (const from of ['10.2.0.1', '::ffff:10.2.0.1', '192.168.0.1', 'fd00:2::7', '::', '', undefined])
    assert.equal(hungUpOn(named, from), true, String(from));
});
