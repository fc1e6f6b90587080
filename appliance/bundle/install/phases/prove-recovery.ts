import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../../kernel/durable-file.ts';
import { FrostbyteError, isFrostbyteError } from '../../../kernel/errors.ts';
import type { Phase, PhaseRun } from '../../operation/phase.ts';
import type { RecoveryChallenge, RecoveryProof } from '../tools.ts';

/** What a person may get wrong before the installation waits. */
const TRIES = 3;

export interface RecoveryWanted {
  /** An age recipient; null: one that is proven, or that `frostbyte keys recovery` names. */
  recipient: string | null;
  /** Where the answer lies when nobody sits at a terminal; null: beside the challenge. */
  answer: string | null;
}

/**
 * The recovery recipient, proven: somebody decrypted what was encrypted to it. Without one the installation waits; there is no
 * way round it, since nothing else opens the tenants' keys once this box is lost.
 */
export function proveRecovery(folder: string, wanted: RecoveryWanted, recovery: RecoveryProof): Phase {
  const challengeFile = join(folder, 'challenge.age');
  const named = join(folder, 'challenge.json');
  const answerFile = wanted.answer ?? join(folder, 'answer.txt');

  /** The challenge that was written before, while it is for this recipient; else a new one, written. */
  async function challengeFor(recipient: string, pending: string | null): Promise<RecoveryChallenge> {
    const before = pending === recipient ? read(named) : null;
    if (before?.recipient === recipient && Date.parse(before.expires_at) > Date.now()) return before;
    const made = await recovery.name(recipient);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    replaceFile(challengeFile, made.challenge);
    replaceFile(named, `${JSON.stringify(made)}\n`);
    return made;
  }

  function clear(): void {
    for (const file of [challengeFile, named, join(folder, 'answer.txt')]) rmSync(file, { force: true });
    if (existsSync(folder)) rmSync(folder, { recursive: true });
  }

  async function answered({ note }: PhaseRun, challenge: RecoveryChallenge): Promise<void> {
    if (existsSync(answerFile)) return recovery.prove(readFileSync(answerFile, 'utf8'));
    for (let tries = 1; ; tries++) {
      const answer = await recovery.ask(challenge);
      if (answer === null) throw unanswered(challenge, challengeFile, answerFile);
      try {
        return await recovery.prove(answer);
      } catch (error) {
        if (!isFrostbyteError(error, 'VALIDATION_ERROR') || tries === TRIES) throw error;
        note('that was not the answer');
      }
    }
  }

  return {
    name: 'recovery',
    title: 'Prove the recovery recipient',
    seconds: 5,
    async check() {
      const { recipient } = await recovery.status();
      return recipient !== null && (wanted.recipient === null || wanted.recipient === recipient);
    },
    async do(run) {
      const { pending } = await recovery.status();
      if (wanted.recipient === null) throw unnamed(pending);
      const challenge = await challengeFor(wanted.recipient, pending);
      await answered(run, challenge);
      clear();
      run.note(`${challenge.recipient} is the recovery recipient: somebody holds its private half`);
    },
    async undo() {
      clear();
    },
  };
}

function read(file: string): RecoveryChallenge | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RecoveryChallenge;
  } catch {
    return null;
  }
}

function unnamed(pending: string | null): FrostbyteError {
  const set =
    pending === null
      ? 'Make an age key where it is to be kept, off this box (age-keygen -o recovery.key), and name its public half here: frostbyte keys recovery set age1… --out challenge.age. Then d'
      : `${pending} is named and not proven yet. D`;
  return new FrostbyteError(
    'OPERATION_FAILED',
    `No recovery recipient is proven: were this box lost, nobody could open what it keeps. ${set}ecrypt the challenge there (age -d -i recovery.key challenge.age > answer.txt), hand it in (frostbyte keys recovery prove answer.txt), and go on: frostbyte plan resume.`,
    { details: [{ field: 'recovery_recipient', value: pending, constraint: 'named, and proven by its challenge' }] },
  );
}

function unanswered({ recipient, expires_at }: RecoveryChallenge, challenge: string, answer: string): FrostbyteError {
  return new FrostbyteError(
    'OPERATION_FAILED',
    `The challenge for ${recipient} lies at ${challenge}. Decrypt it where the private half is kept (age -d -i recovery.key challenge.age), put the text into ${answer}, and go on until ${expires_at}: frostbyte plan resume.`,
    { details: [{ field: 'recovery_recipient', value: recipient, constraint: 'proven by its challenge' }] },
  );
}
