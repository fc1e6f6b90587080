import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { clamdScanner } from '../../appliance/data/1-intake/clamd.ts';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { EICAR } from '../support/clamd.ts';

/** A scanner somewhere: clamd itself, or the proxy before it. */
export interface OpenedScanner {
  /** What `scanner.clamd` takes. */
  address: string;
  /** MiB of a file that are sent to it. */
  limitMb: number;
  /** Ends clamd in the middle of whatever it does; where it serves nobody else. */
  kill?(): Promise<void>;
  close(): Promise<void>;
}

/** What the adapter of clamd promises, whatever stands between. */
export function scannerSuite(open: () => Promise<OpenedScanner>, { mayKill = true } = {}): void {
  let scanner: OpenedScanner;
  before(async () => {
    scanner = await open();
  });
  after(() => scanner?.close());

  const scan = async (...chunks: string[]) => {
    const { address, limitMb } = scanner;
    const session = await clamdScanner(address, { streamMaxBytes: limitMb * 1024 * 1024 }).begin();
    for (const chunk of chunks) await session.write(Buffer.from(chunk));
    return session.end();
  };

  it('answers its check', () => clamdScanner(scanner.address).check());

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

  it('takes each of many files at once for itself', async () => {
    const verdicts = await Promise.all(
      Array.from({ length: 24 }, (_, n) => (n % 3 === 0 ? scan(EICAR) : scan(`file ${n}`, 'x'.repeat(100_000)))),
    );
    for (const [n, { result }] of verdicts.entries()) assert.equal(result, n % 3 === 0 ? 'quarantined' : 'clean');
  });

  it('calls a file beyond its reach unscannable, never clean', async () => {
    const block = 'x'.repeat(256 * 1024);
    const blocks = Array.from({ length: 4 * scanner.limitMb + 2 }, () => block);
    assert.deepEqual(await scan(...blocks), { result: 'unscannable' });
  });

  if (!mayKill) return;
  it('throws SERVICE_UNAVAILABLE when clamd dies in the middle of a file', async () => {
    const session = await clamdScanner(scanner.address).begin();
    await session.write(Buffer.from('half a file'));
    await scanner.kill!();
    await assert.rejects(session.end(), (error) => isFrostbyteError(error, 'SERVICE_UNAVAILABLE'));
    await assert.rejects(clamdScanner(scanner.address).check(), (error) =>
      isFrostbyteError(error, 'SERVICE_UNAVAILABLE'),
    );
  });
}
