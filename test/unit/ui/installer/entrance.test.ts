import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { entrance } from '../../../../appliance/ui/installer/entrance.ts';

function opened() {
  const codes: string[] = [];
  let time = 0;
  const door = entrance(
    (code) => codes.push(code),
    () => time,
  );
  return { door, codes, pass: (ms: number) => (time += ms) };
}

describe('the entrance of the installer', () => {
  it('lets in by the code that is shown, however it is typed, and shows the next', () => {
    const { door, codes } = opened();
    const secret = door.enter(` ${codes[0]!.toLowerCase().replaceAll('-', ' ')} `);
    assert.match(secret!, /^[\w-]{43}$/);
    assert.ok(door.isIn(secret!));
    assert.equal(door.enter(codes[0]!), null, 'it counts once');
    assert.notEqual(door.enter(codes[1]!), null);
    assert.equal(new Set(codes).size, 3);
  });

  it('knows no session that it did not begin, and none that nobody used for two hours', () => {
    const { door, codes, pass } = opened();
    assert.ok(!door.isIn('A'.repeat(43)));
    const secret = door.enter(codes[0]!)!;
    pass(119 * 60_000);
    assert.ok(door.isIn(secret));
    pass(119 * 60_000);
    assert.ok(door.isIn(secret), 'use keeps it');
    pass(121 * 60_000);
    assert.ok(!door.isIn(secret));
  });

  it('ends a session that leaves, and no other', () => {
    const { door, codes } = opened();
    const [one, other] = [door.enter(codes[0]!)!, door.enter(codes[1]!)!];
    door.leave(one);
    door.leave('A'.repeat(43));
    assert.deepEqual([door.isIn(one), door.isIn(other)], [false, true]);
  });

  it('is shut by nobody who types wrong codes', () => {
    const { door, codes } = opened();
    for (let at = 0; at < 100; at++) assert.equal(door.enter(`WRONG-${at}`), null);
    assert.notEqual(door.enter(codes[0]!), null);
  });
});
