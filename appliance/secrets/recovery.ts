import { randomBytes } from 'node:crypto';
import { armor } from 'age-encryption';
import { z } from 'zod';
import type { Clock } from '../kernel/clock.ts';
import { prefixedSha256, sameDigest } from '../kernel/digest.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import { seal } from './age-file.ts';
import { readSecret, writeSecret } from './secret-file.ts';

/**
 * The recovery recipient (spec 3): an age public key whose private half stays off the box. It is used once a challenge has
 * proven that somebody holds that half: a text encrypted to it, which its holder decrypts elsewhere and hands back. Public
 * keys and hashes only are kept; the file is no secret, but lies with the keys.
 */
const Named = z.strictObject({
  recipient: z.string(),
  named_at: z.string(),
  proven_at: z.string().nullable(),
  challenge: z.strictObject({ sha256: z.string(), expires_at: z.string() }).nullable(),
});
const State = z.strictObject({ active: Named.nullable(), pending: Named.nullable() });
type State = z.infer<typeof State>;

/** How long a challenge waits for its answer. */
const CHALLENGE_MS = 30 * 86_400_000;
const ANSWER = /^frostbyte-recovery-[A-Za-z0-9_-]{43}$/;

export interface RecoveryStatus {
  /** The recipient that receives escrow files: proven; null where there is none. */
  recipient: string | null;
  proven_at: string | null;
  /** A recipient that was named and has yet to be proven. */
  pending: string | null;
  /** When the open challenge, of the pending recipient or else of the one in use, ends. */
  challenge_expires_at: string | null;
}

/** A challenge for whoever holds the private half: an armoured age file, for `age -d`. */
export interface RecoveryChallenge {
  recipient: string;
  challenge: string;
  expires_at: string;
}

/** What is named and proven. */
export async function recoveryStatus(file: string): Promise<RecoveryStatus> {
  const { active, pending } = await readState(file);
  return {
    recipient: active?.recipient ?? null,
    proven_at: active?.proven_at ?? null,
    pending: pending?.recipient ?? null,
    challenge_expires_at: (pending ?? active)?.challenge?.expires_at ?? null,
  };
}

/**
 * Names a recipient and answers its challenge. The one in use stays until this one is proven. Throws `VALIDATION_ERROR`
 * for what is no age recipient, or is one whose private half lies on the box (`onBox`).
 */
export async function nameRecovery(
  file: string,
  recipient: string,
  onBox: readonly string[],
  clock: Clock,
): Promise<RecoveryChallenge> {
  const wanted = recipient.trim();
  if (onBox.includes(wanted)) throw refused('its private half lies on this box');
  const { challenge, entry } = await makeChallenge(wanted, clock);
  const state = await readState(file);
  const named = { recipient: wanted, named_at: clock.iso(), proven_at: null, challenge: entry };
  await writeState(file, { ...state, pending: named });
  return { recipient: wanted, challenge, expires_at: entry.expires_at };
}

/** Another challenge for the recipient that is pending, or else for the one in use. Throws `RESOURCE_NOT_FOUND`. */
export async function challengeRecovery(file: string, clock: Clock): Promise<RecoveryChallenge> {
  const state = await readState(file);
  const place = state.pending === null ? 'active' : 'pending';
  const named = state[place];
  if (named === null) throw unnamed();
  const { challenge, entry } = await makeChallenge(named.recipient, clock);
  await writeState(file, { ...state, [place]: { ...named, challenge: entry } });
  return { recipient: named.recipient, challenge, expires_at: entry.expires_at };
}

/**
 * Takes the answer to the open challenge: its recipient is in use from then on. An answer counts once. Throws
 * `RESOURCE_NOT_FOUND` without an open challenge and `VALIDATION_ERROR` for a wrong or late answer.
 */
export async function proveRecovery(file: string, answer: string, clock: Clock): Promise<RecoveryStatus> {
  const { active, pending } = await readState(file);
  const named = pending ?? active;
  if (named === null || named.challenge === null) throw unnamed();
  const given = answer.trim();
  const right = ANSWER.test(given) && sameDigest(prefixedSha256(given), named.challenge.sha256);
  if (!right || named.challenge.expires_at < clock.iso()) {
    throw new FrostbyteError('VALIDATION_ERROR', 'This does not answer the challenge.', {
      details: [
        {
          field: 'answer',
          constraint: right ? 'came too late: ask for another challenge' : 'must be its decrypted text',
        },
      ],
    });
  }
  await writeState(file, { active: { ...named, proven_at: clock.iso(), challenge: null }, pending: null });
  return recoveryStatus(file);
}

/** Throws `VALIDATION_ERROR` for what is no age recipient: a letter that is another one too. */
export async function checkRecipient(recipient: string): Promise<void> {
  await sealedFor(recipient.trim(), '');
}

async function sealedFor(recipient: string, text: string): Promise<Uint8Array> {
  try {
    return await seal([recipient], Buffer.from(text));
  } catch (cause) {
    throw refused('must be an age recipient (age1…), as age-keygen prints it', cause);
  }
}

async function makeChallenge(recipient: string, clock: Clock) {
  const answer = `frostbyte-recovery-${randomBytes(32).toString('base64url')}`;
  const challenge = armor.encode(await sealedFor(recipient, `${answer}\n`));
  const entry = {
    sha256: prefixedSha256(answer),
    expires_at: new Date(clock.now() + CHALLENGE_MS).toISOString(),
  };
  return { challenge, entry };
}

async function readState(file: string): Promise<State> {
  const bytes = await readSecret(file);
  if (bytes === null) return { active: null, pending: null };
  try {
    return State.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new FrostbyteError('OBJECT_CORRUPTED', `${file} is damaged. Name the recovery recipient anew.`, { cause });
  }
}

async function writeState(file: string, state: State): Promise<void> {
  await writeSecret(file, Buffer.from(`${JSON.stringify(state, null, 2)}\n`), { replace: true });
}

function refused(constraint: string, cause?: unknown): FrostbyteError {
  return new FrostbyteError('VALIDATION_ERROR', 'This cannot be the recovery recipient.', {
    details: [{ field: 'recipient', constraint }],
    ...(cause === undefined ? {} : { cause }),
  });
}

function unnamed(): FrostbyteError {
  return new FrostbyteError(
    'RESOURCE_NOT_FOUND',
    'There is no open challenge. Name a recovery recipient, or ask for a challenge.',
  );
}
