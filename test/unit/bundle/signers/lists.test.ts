import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  listTexts,
  MOST_SERIAL,
  readLists,
  type SignerLists,
  withEnd,
  withNoneBefore,
  withRevocation,
  withSigner,
} from '../../../../appliance/bundle/signers/lists.ts';
import { type PublicKey, publicLine, publicOf } from '../../../../appliance/bundle/sshsig/keys.ts';
import { serialOf } from '../../../../appliance/bundle/verify/trust.ts';

const newPublic = (): PublicKey => publicOf(generateKeyPairSync('ed25519').privateKey);
const [first, second] = [newPublic(), newPublic()];
const period = { valid_after: '20260101', valid_before: '20270101' };
const none: SignerLists = { serial: 1, none_before: null, signers: [], revocations: [] };
const one = withSigner(none, { key: first, comment: 'first', ...period });
const refuses = (make: () => unknown, words: RegExp) =>
  assert.throws(
    make,
    (error: Error & { code: string }) => error.code === 'VALIDATION_ERROR' && words.test(error.message),
  );

describe('lists of signers', () => {
  test('are read as they were written, whatever was said in them', () => {
    const all = withRevocation(withSigner(one, { key: second, comment: '', valid_after: null, valid_before: null }), {
      key: first,
      since: '20260601',
      reason: 'stolen: see case 7',
    });
    for (const lists of [none, one, all, withNoneBefore(all, '20261101'), withNoneBefore(none, '20261101')])
      assert.deepEqual(readLists(listTexts(lists)), lists);
    assert.equal(serialOf(listTexts(all).allowed_signers), 4);
    assert.equal(serialOf(listTexts(all).revoked_keys), 4);
    // A line more would be a line that nobody meant.
    const sly = withRevocation(
      withSigner(none, { key: first, comment: `x\nfrostbyte-release ${publicLine(second)}`, ...period }),
      {
        key: second,
        since: '20260601',
        reason: `y\n# serial: 99\r${publicLine(first)}`,
      },
    );
    const texts = listTexts(sly);
    assert.equal(texts.allowed_signers.split('\n').length, 3);
    assert.equal(texts.revoked_keys.split('\n').length, 4);
    assert.equal(serialOf(texts.revoked_keys), 3);
    assert.equal(readLists(texts).revocations.length, 1);
  });

  test('rise by one with every change', () => {
    const steps = [
      none,
      one,
      withEnd(one, first, '20260701'),
      withRevocation(one, { key: second, since: '20260101', reason: 'r' }),
      withNoneBefore(one, '20260101'),
    ];
    assert.deepEqual(
      steps.map(({ serial }) => serial),
      [1, 2, 3, 3, 3],
    );
    refuses(() => withSigner({ ...none, serial: MOST_SERIAL }, { key: first, comment: '', ...period }), /below/);
  });

  test('take no key twice, none that was revoked, and no period that ends before it begins', () => {
    refuses(() => withSigner(one, { key: first, comment: 'again', ...period }), /in the list already/);
    const revoked = withRevocation(one, { key: second, since: '20260601', reason: 'lost' });
    refuses(() => withSigner(revoked, { key: second, comment: '', ...period }), /was revoked, and stays so/);
    refuses(() => withRevocation(revoked, { key: second, since: '20260701', reason: 'lost' }), /was revoked before/);
    refuses(() => withRevocation(one, { key: second, since: '20260701', reason: ' \n' }), /a reason/);
    refuses(
      () => withSigner(none, { key: first, comment: '', valid_after: '20270101', valid_before: '20270101' }),
      /ends before it begins/,
    );
  });

  test('end a signer earlier, never later, and never before it began', () => {
    assert.equal(withEnd(one, first, '20260701').signers[0]!.valid_before, '20260701');
    for (const later of ['20270101', '20280101']) refuses(() => withEnd(one, first, later), /a day before that/);
    for (const early of ['20260101', '20250101']) refuses(() => withEnd(one, first, early), /never should have signed/);
    refuses(() => withEnd(one, second, '20260701'), /not in the list/);
  });

  test('keep a revoked signer, so that hosts can tell it from an unknown one', () => {
    const revoked = withRevocation(one, { key: first, since: '20260601', reason: 'lost' });
    assert.deepEqual([revoked.signers.length, revoked.revocations.length], [1, 1]);
  });

  test('are refused whole where they are others than were written', () => {
    const { allowed_signers, revoked_keys } = listTexts(
      withRevocation(one, { key: second, since: '20260601', reason: 'r' }),
    );
    const wrong: [string, string][] = [
      ['', ''],
      [allowed_signers, revoked_keys.replace('serial: 3', 'serial: 2')],
      [allowed_signers.replace('frostbyte-release', 'frostbyte-*'), revoked_keys],
      [allowed_signers.replace('frostbyte-bundle', 'frostbyte-signers'), revoked_keys],
      [allowed_signers.replace('namespaces', 'cert-authority,namespaces'), revoked_keys],
      [`${allowed_signers}\n`, revoked_keys],
      [`${allowed_signers}# a remark\n`, revoked_keys],
      [allowed_signers.trimEnd(), revoked_keys],
      [allowed_signers.slice(0, -12), revoked_keys],
      [allowed_signers, revoked_keys.replace(/^# revoked.*\n/m, '')],
      [allowed_signers, `${revoked_keys}${publicLine(first)}\n`],
    ];
    for (const [allowed, revoked] of wrong) {
      assert.throws(
        () => readLists({ allowed_signers: allowed, revoked_keys: revoked }),
        { code: 'BUNDLE_SIGNERS_INVALID' },
        `${allowed}${revoked}`,
      );
    }
  });
});
