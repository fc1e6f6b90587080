import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { armor } from 'age-encryption';
import { isFrostbyteError } from '../../../appliance/kernel/errors.ts';
import { open } from '../../../appliance/secrets/age-file.ts';
import { makeKeyPair } from '../../../appliance/secrets/identities.ts';
import {
  challengeRecovery,
  nameRecovery,
  proveRecovery,
  type RecoveryChallenge,
  recoveryStatus,
} from '../../../appliance/secrets/recovery.ts';
import { manualClock } from '../../support/manual-clock.ts';

async function world(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'recovery-'));
  t.after(() => rm(folder, { recursive: true }));
  return { file: join(folder, 'recovery.json'), clock: manualClock(), pair: await makeKeyPair() };
}

const answerOf = async ({ challenge }: RecoveryChallenge, identity: string) =>
  (await open([identity], armor.decode(challenge))).toString('utf8');
const wrong = (error: unknown) => isFrostbyteError(error, 'VALIDATION_ERROR');

test('a recipient is in use once its challenge is answered, and not before', async (t) => {
  const { file, clock, pair } = await world(t);
  const named = await nameRecovery(file, pair.recipient, [], clock);
  assert.deepEqual(await recoveryStatus(file), {
    recipient: null,
    proven_at: null,
    pending: pair.recipient,
    challenge_expires_at: named.expires_at,
  });
  await proveRecovery(file, await answerOf(named, pair.identity), clock);
  const status = await recoveryStatus(file);
  assert.deepEqual([status.recipient, status.proven_at, status.pending], [pair.recipient, clock.iso(), null]);
});

test('only who holds the private half can answer, in time and once', async (t) => {
  const { file, clock, pair } = await world(t);
  const named = await nameRecovery(file, pair.recipient, [], clock);
  const other = await makeKeyPair();
  await assert.rejects(answerOf(named, other.identity), { code: 'KEY_UNAVAILABLE' });
  for (const guess of ['', 'x', named.challenge, `frostbyte-recovery-${'A'.repeat(43)}`])
    await assert.rejects(proveRecovery(file, guess, clock), wrong);
  const answer = await answerOf(named, pair.identity);
  clock.advance(31 * 86_400_000);
  await assert.rejects(proveRecovery(file, answer, clock), wrong);

  const again = await challengeRecovery(file, clock);
  await assert.rejects(proveRecovery(file, answer, clock), wrong, 'the answer to an earlier challenge');
  const right = await answerOf(again, pair.identity);
  await proveRecovery(file, right, clock);
  await assert.rejects(proveRecovery(file, right, clock), { code: 'RESOURCE_NOT_FOUND' });
});

test('the answer is nowhere on the box', async (t) => {
  const { file, clock, pair } = await world(t);
  const answer = (await answerOf(await nameRecovery(file, pair.recipient, [], clock), pair.identity)).trim();
  assert.ok(!(await readFile(file, 'utf8')).includes(answer));
});

test('another recipient takes over once it is proven; until then the first stays', async (t) => {
  const { file, clock, pair } = await world(t);
  await proveRecovery(file, await answerOf(await nameRecovery(file, pair.recipient, [], clock), pair.identity), clock);
  const next = await makeKeyPair();
  const named = await nameRecovery(file, next.recipient, [], clock);
  assert.equal((await recoveryStatus(file)).recipient, pair.recipient);
  await proveRecovery(file, await answerOf(named, next.identity), clock);
  assert.equal((await recoveryStatus(file)).recipient, next.recipient);
});

test('whether somebody still holds the private half can be asked again', async (t) => {
  const { file, clock, pair } = await world(t);
  await assert.rejects(challengeRecovery(file, clock), { code: 'RESOURCE_NOT_FOUND' });
  await proveRecovery(file, await answerOf(await nameRecovery(file, pair.recipient, [], clock), pair.identity), clock);
  clock.advance(1000);
  await proveRecovery(file, await answerOf(await challengeRecovery(file, clock), pair.identity), clock);
  assert.equal((await recoveryStatus(file)).proven_at, clock.iso());
});

test('what is no recipient, or lies on the box, is refused', async (t) => {
  const { file, clock, pair } = await world(t);
  for (const text of ['', 'age1', 'ssh-ed25519 AAAA', pair.identity, `${pair.recipient}x`])
    await assert.rejects(nameRecovery(file, text, [], clock), wrong, text);
  await assert.rejects(nameRecovery(file, pair.recipient, [pair.recipient], clock), wrong);
  assert.equal((await recoveryStatus(file)).pending, null);
});
