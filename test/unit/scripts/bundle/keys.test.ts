import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createSigners, readSigners } from '../../../../appliance/bundle/signers/folder.ts';
import { broughtSigners, trialSigners } from '../../../../scripts/bundle/keys.ts';
import { newKey } from '../../../support/bundle-world.ts';

const place = mkdtempSync(join(tmpdir(), 'frostbyte-keys-'));
after(() => rmSync(place, { recursive: true }));

describe('who signs a bundle', () => {
  test('is brought in a folder, checked before anything is built, and nothing else of it ships', async () => {
    const [folder, key] = [join(place, 'signers'), join(place, 'root.key')];
    writeFileSync(key, newKey().export({ type: 'pkcs8', format: 'pem' }));
    await createSigners(folder, { key });
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    const { inputs, trialKey } = broughtSigners(folder);
    assert.deepEqual(
      inputs.map(({ path }) => path),
      [
        'signers/allowed_signers',
        'signers/allowed_signers.sig',
        'signers/revoked_keys',
        'signers/revoked_keys.sig',
        'signers/root.pub',
      ],
    );
    assert.equal(trialKey, null);
    appendFileSync(join(folder, 'revoked_keys'), '# nobody else\n');
    assert.throws(() => broughtSigners(folder), { code: 'BUNDLE_SIGNATURE_INVALID' });
    assert.throws(() => broughtSigners(join(place, 'nowhere')), { code: 'BUNDLE_FILE_MISSING' });
  });

  test('is, for a trial, a key of this host, by lists that read like any others', async () => {
    const made = await trialSigners(join(place, 'trial'));
    const again = await trialSigners(join(place, 'trial'));
    assert.deepEqual(again.fingerprint, made.fingerprint, 'the keys are kept');
    const folder = join(place, 'trial-lists');
    mkdirSync(folder);
    for (const { path, from } of made.inputs) writeFileSync(join(folder, path.replace('signers/', '')), from);
    assert.equal(readSigners(folder).lists.signers.length, 1);
  });
});
