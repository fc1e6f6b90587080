import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { type RelayDoors, relayDoors } from '../../../../appliance/bin/wire/relay-doors.ts';
import { silentLogger } from '../../../../appliance/observability/logger.ts';

let folder: string;
let doors: RelayDoors;
let arrived: (socket: Socket) => void;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doors-'));
  arrived = () => undefined;
  doors = relayDoors((socket) => arrived(socket), silentLogger);
});
afterEach(async () => {
  await doors.settle([]);
  rmSync(folder, { recursive: true });
});

function door(tenant_id: string) {
  mkdirSync(join(folder, tenant_id), { recursive: true });
  return { tenant_id, socket: join(folder, tenant_id, 'endpoint.sock') };
}
/** Connects, and answers who the other side takes it for. */
async function comesAs(socket: string): Promise<{ by: string | undefined; mine: Socket; theirs: Socket }> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  arrived = resolve;
  const mine = connect(socket);
  const theirs = await Promise.race([promise, once(mine, 'error').then(([error]) => Promise.reject(error))]);
  return { by: doors.origin(theirs)?.by, mine, theirs };
}

it('whoever comes by a door is the tenant whose door it is', async () => {
  const [a, b] = [door('a'), door('b')];
  await doors.settle([a, b]);
  for (const { tenant_id, socket } of [a, b]) {
    const { by, mine, theirs } = await comesAs(socket);
    assert.equal(by, tenant_id);
    assert.equal(doors.origin(theirs)?.mayAskStatus, false);
    mine.destroy();
  }
  assert.equal(
    doors.origin(
      connect(a.socket)
        .on('error', () => undefined)
        .destroy(),
    ),
    null,
  );
});

it('a door is for its group, and for nobody else', async () => {
  const a = door('a');
  await doors.settle([a]);
  assert.equal(statSync(a.socket).mode & 0o777, 0o660);
});

it('a door that is no longer wanted is closed, and with it whoever came by it', async () => {
  const [a, b] = [door('a'), door('b')];
  await doors.settle([a, b]);
  const [one, two] = [await comesAs(a.socket), await comesAs(b.socket)];
  const closed = once(one.mine, 'close');
  one.mine.resume();
  await doors.settle([b]);
  await closed;
  assert.equal(existsSync(a.socket), false);
  await assert.rejects(comesAs(a.socket), { code: 'ENOENT' });
  assert.equal(two.theirs.destroyed, false);
  assert.equal((await comesAs(b.socket)).by, 'b');
  two.mine.destroy();
});

it('a door whose folder was made anew is opened in the new one', async () => {
  const a = door('a');
  await doors.settle([a]);
  rmSync(join(folder, 'a'), { recursive: true });
  await doors.settle([a]);
  await assert.rejects(comesAs(a.socket), { code: 'ENOENT' });
  door('a');
  await doors.settle([a]);
  assert.equal((await comesAs(a.socket)).by, 'a');
});

it('what an earlier process left at the place is no obstacle', async () => {
  const a = door('a');
  writeFileSync(a.socket, '');
  await doors.settle([a]);
  assert.equal((await comesAs(a.socket)).by, 'a');
});
