import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileVectors } from '../../../../../appliance/bin/wire/stack/vectors.ts';
import { systemClock } from '../../../../../appliance/kernel/clock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'frostbyte-vectors-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('vectors in files', () => {
  const vectors = () =>
    fileVectors({
      clock: systemClock(),
      file: (tenantId) => join(folder, 'tenants', tenantId, 'vectors.sqlite'),
      seenAs: () => '/data/vectors.sqlite',
    });

  it('answer before there is any tenant, and not where their folder cannot be', async () => {
    await vectors().answers();
    assert.ok(existsSync(join(folder, 'tenants')));
    rmSync(join(folder, 'tenants'), { recursive: true });
    writeFileSync(join(folder, 'tenants'), 'no folder');
    await assert.rejects(vectors().answers(), { code: 'STORE_UNAVAILABLE' });
  });
});
