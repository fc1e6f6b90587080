import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ClamdGate, type GateState } from '../../../../../appliance/data/1-intake/clamd-proxy/gate.ts';

const MOST = 1000;

/** What goes on of these pieces, and where that leaves the gate. */
function through(pieces: readonly Uint8Array[], most = MOST): { passed: Buffer; state: GateState; end: number } {
  const gate = new ClamdGate(most);
  const passed = Buffer.concat(pieces.map((piece) => gate.take(Buffer.from(piece))));
  return { passed, state: gate.state, end: gate.end };
}

const one = (text: string | Uint8Array) => through([Buffer.from(text)]);
const chunk = (bytes: Uint8Array) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const EMPTY = Buffer.alloc(4);

/** Bytes cut at arbitrary places, empty pieces too. */
const cut = (bytes: Buffer) =>
  fc.array(fc.nat(bytes.length), { maxLength: 12 }).map((places) => {
    const at = [0, ...places.sort((a, b) => a - b), bytes.length];
    return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
  });

/** What a sender may send: well-formed, nearly so, or anything. */
const sent = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('zINSTREAM\0', 'nINSTREAM\n'),
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 4 }),
      fc.constantFrom('', 'zSHUTDOWN\0', 'nSCAN /etc/passwd\n'),
    )
    .map(([command, chunks, behind]) =>
      Buffer.concat([Buffer.from(command), ...chunks.map(chunk), EMPTY, Buffer.from(behind)]),
    ),
  fc
    .tuple(fc.constantFrom('z', 'n', '', 'x'), fc.constantFrom('PING', 'SHUTDOWN', 'PIN', 'INSTREAMS', 'ping'))
    .chain(([first, name]) => fc.constantFrom('\0', '\n', '').map((end) => Buffer.from(`${first}${name}${end}`))),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);

describe('the gate before clamd', () => {
  it('lets the three commands through as they are, in both spellings', () => {
    for (const command of ['zPING\0', 'nPING\n', 'zVERSION\0', 'nVERSION\n']) {
      const { passed, state, end } = one(command);
      assert.deepEqual([passed.toString(), state], [command, 'complete']);
      assert.equal(end, command.charCodeAt(command.length - 1));
    }
    const file = Buffer.concat([Buffer.from('zINSTREAM\0'), chunk(Buffer.from('minutes')), EMPTY]);
    assert.deepEqual(one(file), { passed: file, state: 'complete', end: 0 });
  });

  it('refuses whatever else clamd obeys, and what it does not know, without a byte of it', () => {
    const orders = 'SHUTDOWN RELOAD STATS VERSIONCOMMANDS FILDES IDSESSION END DETSTATS DETSTATSCLEAR'.split(' ');
    const scans = ['SCAN', 'CONTSCAN', 'MULTISCAN', 'ALLMATCHSCAN', 'RAWSCAN'].map((name) => `${name} /etc/passwd`);
    for (const name of [...orders, ...scans, 'ping', 'PING ', ' PING', '', 'INSTREAM ', 'PINGPING'])
      for (const command of [`z${name}\0`, `n${name}\n`, `${name}\n`, `${name}\0`, `z${name}\n\0`, `x${name}\0`]) {
        const { passed, state } = one(command);
        assert.equal(passed.length, 0, JSON.stringify(command));
        assert.ok(state === 'refused' || state === 'command', JSON.stringify(command));
      }
  });

  it('holds back what is not whole, and waits no longer than the longest command', () => {
    assert.deepEqual([one('zPIN').state, one('zPIN').passed.length], ['command', 0]);
    assert.equal(one('zINSTREAM').state, 'command');
    assert.equal(one('zINSTREAMX').state, 'refused');
    assert.equal(one(Buffer.alloc(100_000, 'z')).state, 'refused');
  });

  it('drops what follows a command or the end of a file: one command a connection', () => {
    assert.equal(one('zPING\0zSHUTDOWN\0').passed.toString(), 'zPING\0');
    const file = Buffer.concat([Buffer.from('nINSTREAM\n'), chunk(Buffer.from('x')), EMPTY]);
    assert.deepEqual(one(Buffer.concat([file, Buffer.from('nSHUTDOWN\n')])).passed, file);
  });

  it('takes a chunk that looks like an order for what it is: content', () => {
    const file = Buffer.concat([Buffer.from('zINSTREAM\0'), chunk(Buffer.from('zSHUTDOWN\0')), EMPTY]);
    assert.deepEqual(one(file), { passed: file, state: 'complete', end: 0 });
  });

  it('stops a file at its limit, also one whose length is a lie, before its content', () => {
    const start = Buffer.from('zINSTREAM\0');
    const length = (bytes: number) => {
      const four = Buffer.alloc(4);
      four.writeUInt32BE(bytes);
      return four;
    };
    assert.equal(through([start, length(MOST)]).state, 'stream');
    assert.equal(through([start, length(MOST + 1)]).state, 'too_large');
    assert.equal(through([start, length(0xffff_ffff)]).state, 'too_large');
    const twice = [start, chunk(Buffer.alloc(600)), chunk(Buffer.alloc(401))];
    assert.equal(through(twice).state, 'too_large');
    assert.equal(through(twice).passed.length, start.length + 604);
  });

  it('decides alike however the bytes come in pieces', () => {
    fc.assert(
      fc.property(
        sent.chain((bytes) => fc.tuple(fc.constant(bytes), cut(bytes))),
        ([bytes, pieces]) => {
          const [whole, parts] = [through([bytes]), through(pieces)];
          assert.deepEqual([parts.state, parts.end], [whole.state, whole.end]);
          // Where a file is too large it depends on the pieces how much of it went before that was known.
          if (whole.state !== 'too_large') assert.deepEqual(parts.passed, whole.passed);
        },
      ),
    );
  });

  it('lets only a beginning of what was sent through, and only with one of the three commands', () => {
    fc.assert(
      fc.property(
        sent.chain((bytes) => fc.tuple(fc.constant(bytes), cut(bytes))),
        ([bytes, pieces]) => {
          const { passed } = through(pieces);
          assert.ok(bytes.subarray(0, passed.length).equals(passed));
          if (passed.length > 0)
            assert.match(passed.toString('latin1'), /^(?:z(?:PING|VERSION|INSTREAM)\0|n(?:PING|VERSION|INSTREAM)\n)/);
        },
      ),
    );
  });
});
