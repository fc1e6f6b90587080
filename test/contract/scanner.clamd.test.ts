import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { clamdScanner } from '../../appliance/data/1-intake/clamd.ts';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { clamdMissing, EICAR, type RunningClamd, startClamd } from '../support/clamd.ts';

const LIMIT_MB = 1;

describe('the scanner against a real clamd', { skip: clamdMissing() ?? false }, () => {
  let clamd: RunningClamd;
  before(async () => {
    clamd = await startClamd(LIMIT_MB);
  });
  after(() => clamd.stop());

  const scan = async (...chunks: string[]) => {
    const session = await clamdScanner(clamd.socket, { streamMaxBytes: LIMIT_MB * 1024 * 1024 }).begin();
    for (const chunk of chunks) await session.write(Buffer.from(chunk));
    return session.end();
  };

  it('answers its check', () => clamdScanner(clamd.socket).check());

  it('finds a harmless file clean, and an empty one', async () => {
    assert.deepEqual(await scan('minutes of ', 'the board'), { result: 'clean' });
    assert.deepEqual(await scan(), { result: 'clean' });
  });

  it('finds the test signature, also where chunks cut it in two, and names it', async () => {
    for (const chunks of [[EICAR], [EICAR.slice(0, 30), EICAR.slice(30)]]) {
      const verdict = await scan(...chunks);
      assert.equal(verdict.result, 'quarantined');
      assert.match((verdict as { signature: string }).signature, /Frostbyte\.Eicar\.Test/);
    }
  });

  it('calls a file beyond its reach unscannable, never clean', async () => {
    const block = 'x'.repeat(256 * 1024);
    assert.deepEqual(await scan(...Array.from({ length: 4 * LIMIT_MB + 2 }, () => block)), { result: 'unscannable' });
  });

  it('throws SERVICE_UNAVAILABLE when clamd dies in the middle of a file', async () => {
    const doomed = await startClamd(LIMIT_MB);
    const session = await clamdScanner(doomed.socket).begin();
    await session.write(Buffer.from('half a file'));
    await doomed.stop();
    await assert.rejects(session.end(), (error) => isFrostbyteError(error, 'SERVICE_UNAVAILABLE'));
  });
});
