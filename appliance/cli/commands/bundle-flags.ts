import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type KnownTrust, knownTrust } from '../../bundle/install/known-trust.ts';
import type { Host } from '../../bundle/verify/admit.ts';
import type { Anchor } from '../../bundle/verify/trust.ts';
import type { VerifyOptions } from '../../bundle/verify/verify-bundle.ts';
import { FrostbyteError } from '../../kernel/errors.ts';

const SETTINGS = '/etc/frostbyte';
const ANCHOR = `${SETTINGS}/allowed_signers`;

/** What every command is told that decides whether a bundle is believed. */
export interface VerifyFlags {
  anchor: string;
  fingerprint?: string;
  /** Where this host keeps what it has taken before; not given: it is not asked. */
  known?: string;
  to?: string;
  counter: string;
  notBefore?: string;
  allowOlder?: boolean;
}

/** Adds them to a command, but for `--to`. */
export function trusting(command: Command): Command {
  return command
    .option('--anchor <file>', 'the list with the root key', ANCHOR)
    .option('--fingerprint <SHA256:…>', 'the root key’s, where this host has no list yet')
    .option('--known <folder>', 'the lists of signers and the newest counter that this host has taken before', SETTINGS)
    .option('--counter <number>', 'refuse bundles with a lower counter than this, and than the newest here', '0')
    .option('--not-before <date>', 'refuse bundles that were built before')
    .option('--allow-older', 'take one that is older all the same');
}

/** The flags as the verifier takes them. Throws `STORE_CORRUPTED` where this host does not know any more what it has taken. */
export function trustOf(flags: VerifyFlags): Pick<VerifyOptions, 'anchor' | 'known' | 'at' | 'host'> {
  const known: KnownTrust =
    flags.known === undefined ? { lists: undefined, counter: 0, updates: {} } : knownTrust({ settings: flags.known });
  return {
    anchor: anchorOf(flags),
    ...(known.lists === undefined ? {} : { known: known.lists }),
    at: Date.now(),
    host: hostOf(flags, known),
  };
}

/** What a bar of a hundred shows. */
export const percent = (done: number, total: number): number => (total === 0 ? 100 : Math.floor((done / total) * 100));

function anchorOf({ anchor, fingerprint: given }: VerifyFlags): Anchor {
  if (given !== undefined) return { fingerprint: given };
  try {
    return { allowed_signers: readFileSync(anchor, 'utf8') };
  } catch (cause) {
    throw new FrostbyteError(
      'VALIDATION_ERROR',
      `There is no list of signers at ${anchor}. Name one with --anchor, or the root key with --fingerprint, from paper and not from the bundle.`,
      { cause, details: [{ field: 'anchor', value: anchor, constraint: 'a list of signers that can be read' }] },
    );
  }
}

function hostOf({ counter, notBefore, allowOlder = false }: VerifyFlags, known: KnownTrust): Host {
  const date = notBefore === undefined ? 0 : Date.parse(notBefore) / 1000;
  const number = Number(counter);
  if (!Number.isSafeInteger(number) || number < 0 || Number.isNaN(date)) {
    throw new FrostbyteError('VALIDATION_ERROR', 'The bound for older bundles cannot be read.', {
      details: [{ field: 'counter, not-before', constraint: 'a whole number, and a date as 2026-01-31' }],
    });
  }
  const arch = process.arch === 'x64' ? 'amd64' : 'arm64';
  return {
    arch,
    counter: Math.max(number, known.counter),
    updates: known.updates,
    not_before: date,
    allow_older: allowOlder,
  };
}
