import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openRegistry } from '../../../../scripts/images/registry.ts';
import { temporaryFolder } from '../../../support/control/control-fixture.ts';

const BLOB = Buffer.alloc(200_000, 7);
const DIGEST = `sha256:${createHash('sha256').update(BLOB).digest('hex')}`;

/** A registry that answers as it is told to. */
async function serving(t: TestContext, answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_request, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a blob of a registry', () => {
  it('is written as it came, in however many pieces', async (t) => {
    const to = join(await temporaryFolder(t), 'blob');
    const origin = await serving(t, (response) => {
      response.write(BLOB.subarray(0, 1000));
      response.write(BLOB.subarray(1000, 150_000));
      response.end(BLOB.subarray(150_000));
    });
    await openRegistry(origin, 'a/name').blob(DIGEST, to);
    assert.deepEqual(readFileSync(to), BLOB);
  });

  it('is given up once its registry says nothing more, and not for how long it takes', async (t) => {
    const to = join(await temporaryFolder(t), 'blob');
    const origin = await serving(t, (response) => void response.write(BLOB.subarray(0, 1000)));
    await assert.rejects(
      openRegistry(origin, 'a/name', { silenceMs: 500 }).blob(DIGEST, to),
      /nothing came for 0\.5 s/,
    );
  });
});
