import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandLine } from '../../../../appliance/bin/host/command-line.ts';
import { Refusal } from '../../../../appliance/ui/api.ts';

/** A program in the place of the command line: it says what its first word tells it to. */
const PROGRAM = `
const [, what, ...words] = process.argv;
const fail = (code, error) => { process.stderr.write(JSON.stringify({ success: false, error }) + '\\n'); process.exitCode = code; };
if (what === 'echo') console.log('a line for people\\n' + JSON.stringify({ words }));
else if (what === 'found') { console.log(JSON.stringify({ ok: false })); fail(1, { code: 'CHECK_FAILED', message: 'found' }); }
else if (what === 'refuse') fail(2, { code: 'VALIDATION_ERROR', message: 'no', details: [{ field: 'port', constraint: 'a number' }] });
else if (what === 'bytes') process.stdout.write(Buffer.from([0, 255, 10, 123, 31]));
else if (what === 'half') { process.stdout.write('half'); fail(3, { code: 'DISK_FULL', message: 'full' }); }
else if (what === 'run') {
  for (const n of [1, 2]) process.stderr.write(JSON.stringify({ event: 'progress', done: n }) + '\\n');
  process.on('SIGINT', () => fail(1, { code: 'OPERATION_UNFINISHED', message: 'stopped' }) || process.exit());
  setInterval(() => {}, 1000);
  process.stderr.write(JSON.stringify({ event: 'begun' }) + '\\n');
}`;
const command = commandLine([process.execPath, '--eval', PROGRAM, '--']);

describe('a command that pages run', () => {
  it('answers with what it prints as JSON, asked for as JSON', async () => {
    assert.deepEqual(await command.ask('echo', '--port=1'), { words: ['--port=1', '--json'] });
  });

  it('answers what it found although it then fails', async () => {
    assert.deepEqual(await command.ask('found'), { ok: false });
  });

  it('is refused with its code, its words and its details, and by us where it says nothing', async () => {
    await assert.rejects(command.ask('refuse'), (error: unknown) => {
      assert.ok(error instanceof Refusal);
      assert.deepEqual([error.status, error.code, error.details[0]!.field], [409, 'VALIDATION_ERROR', 'port']);
      return true;
    });
    await assert.rejects(command.ask('silence'), { status: 500, code: 'INTERNAL_ERROR' });
  });

  it('that writes a file gives its bytes as they are, and none of them where it failed', async () => {
    assert.deepEqual([...(await command.bytes('bytes'))], [0, 255, 10, 123, 31]);
    await assert.rejects(command.bytes('half'), { status: 409, code: 'DISK_FULL' });
  });

  it('that takes long tells where it is, stops when it is asked to, and says why it ended', async () => {
    const events: unknown[] = [];
    const { promise: ended, resolve } = Promise.withResolvers<{ code: string } | null>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const started = command.start(['run'], {
      event(said) {
        events.push(said);
        if ((said as { event: string }).event === 'begun') begin();
      },
      ended: resolve,
    });
    await begun;
    started.stop();
    assert.equal((await ended)?.code, 'OPERATION_UNFINISHED');
    await started.over;
    assert.equal(events.length, 3);
  });

  it('that cannot be started, or ends without a word, is over, and it is said why', async () => {
    const { promise: ended, resolve } = Promise.withResolvers<{ message: string } | null>();
    commandLine(['/nonexistent/frostbyte']).start(['run'], { event: () => undefined, ended: resolve });
    assert.match((await ended)!.message, /could not be started: .*ENOENT/);
    const { promise: mute, resolve: told } = Promise.withResolvers<{ message: string } | null>();
    const dies = commandLine([process.execPath, '--eval', 'process.exit(3)', '--']);
    dies.start(['run'], { event: () => undefined, ended: told });
    assert.match((await mute)!.message, /exit code 3 and said nothing/);
  });
});
