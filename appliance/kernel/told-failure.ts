import { type ErrorCode, FrostbyteError } from './errors.ts';

/** How a process that works with hostile input, or has nothing of its own, says what went wrong: a code and one line. */

/** One printable line: it is shown to people, whoever sent it. */
export const PRINTABLE_LINE = /^[\p{L}\p{N}\p{P}\p{S} ]+$/u;
const NOT_PRINTABLE = /[^\p{L}\p{N}\p{P}\p{S} ]+/gu;

export interface ToldFailure<Code extends ErrorCode> {
  code: Code;
  message: string;
}

/**
 * The error as it is told, its message as one printable line of `most` characters; one whose code is not among `codes`, and
 * so not the process's to give, is told as `otherwise`, without its words.
 */
export function toldFailure<Code extends ErrorCode>(
  error: unknown,
  codes: readonly Code[],
  otherwise: ToldFailure<Code>,
  most: number,
): ToldFailure<Code> {
  if (!(error instanceof FrostbyteError)) return otherwise;
  const code = codes.find((one) => one === error.code);
  if (code === undefined) return otherwise;
  return { code, message: error.message.replace(NOT_PRINTABLE, ' ').slice(0, most) || otherwise.message };
}
