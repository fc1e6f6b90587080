import { sha256Hex } from '../../../kernel/digest.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { ChildEnd } from './child-process.ts';

/** What the wrapping programs begin their complaints with. */
const WRAPPER_COMPLAINT = /^(unshare|prlimit|setpriv): /m;
const OUT_OF_MEMORY = /out of memory|allocation failed|allocate memory|Unable to grow|ENOMEM/i;
/** 128 + SIGABRT and 128 + SIGKILL: V8 gives up with the one, the kernel's memory killer uses the other. */
const MEMORY_CODES: readonly (number | null)[] = [134, 137];
const MEMORY_SIGNALS: readonly (NodeJS.Signals | null)[] = ['SIGABRT', 'SIGKILL'];

/**
 * Why a parser that was not killed by us ended without an answer: `PARSER_MEMORY`, `PARSER_TIMEOUT` (processor time),
 * `PARSER_SANDBOX_UNAVAILABLE` (the sandbox itself broke), else `PARSER_ERROR`. Null when it ended in good order.
 * Its own words decide between known cases and are never shown.
 */
export function explainEnd(end: ChildEnd): FrostbyteError | null {
  if (end.startError !== null || (end.code !== 0 && WRAPPER_COMPLAINT.test(end.noise))) {
    return new FrostbyteError(
      'PARSER_SANDBOX_UNAVAILABLE',
      'The parser could not be started in its sandbox. `frostbyte doctor` shows which layer broke.',
    );
  }
  if (end.overflow)
    return new FrostbyteError('PARSER_ERROR', 'The parser gave a longer answer than a document can have.');
  if (end.code === 0) return null;
  if (end.signal === 'SIGXCPU' || end.code === 152) return timeout();
  if (MEMORY_CODES.includes(end.code) || MEMORY_SIGNALS.includes(end.signal) || OUT_OF_MEMORY.test(end.noise)) {
    return new FrostbyteError('PARSER_MEMORY', 'The document needs more memory than the parser may use.');
  }
  return new FrostbyteError('PARSER_ERROR', 'The parser died while it read this document.');
}

/** `PARSER_TIMEOUT` with its one message. */
export function timeout(): FrostbyteError {
  return new FrostbyteError('PARSER_TIMEOUT', 'The document took longer to parse than it may.');
}

/** Tells two deaths apart in the log without showing a word of either. */
export function deathHash(end: ChildEnd): string {
  // Addresses differ from run to run.
  return sha256Hex(end.noise.replace(/0x[0-9a-f]+/gi, '').replace(/\d+/g, ''));
}
