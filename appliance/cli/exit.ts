import { BUNDLE_EXIT } from '../bundle/exit-codes.ts';
import { noRoom } from '../kernel/durable-file.ts';
import { type BundleCode, type FrostbyteError, isFrostbyteError } from '../kernel/errors.ts';
import { printable } from '../kernel/printable.ts';

/** Exit codes of the command line (spec 4): the one place where an outcome becomes a number. */
export const EXIT = Object.freeze({ ok: 0, failedCheck: 1, usage: 2, unreachable: 3 });

/** A command that ran and found something wrong: what it printed says what, the code says that. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed';
}

/** The code for a thrown value. */
export function exitCode(error: unknown): number {
  if (!isFrostbyteError(error)) return EXIT.failedCheck;
  if (error.code === 'SERVICE_UNAVAILABLE' && error.details.some(({ field }) => field === 'url'))
    return EXIT.unreachable;
  if (error.code in BUNDLE_EXIT) return BUNDLE_EXIT[error.code as BundleCode];
  return error.code === 'VALIDATION_ERROR' || error.code === 'CONFIG_INVALID' ? EXIT.usage : EXIT.failedCheck;
}

/** What a person reads when a command fails: the message, then every detail on a line of its own. */
export function explain(error: unknown): string {
  if (error instanceof CheckFailed) return error.message;
  const full = noRoom(error);
  if (full !== null) return explain(full);
  // What the system says names the path or the address; who sits at this command line chose it.
  if (isSystemError(error)) return `The system refused: ${error.message}`;
  if (!isFrostbyteError(error))
    return `Something went wrong on our side (${error instanceof Error ? error.message : String(error)}).`;
  return [`${error.code}: ${error.message}`, ...detailLines(error)].join('\n');
}

/** A folder without permission, a full disk, a port in use. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'errno' in error;
}

/** The same for a program (`--json`): the error envelope without a request id. */
export function explainAsJson(thrown: unknown): string {
  const error = noRoom(thrown) ?? thrown;
  const known = isFrostbyteError(error);
  const code = known ? error.code : error instanceof CheckFailed ? 'CHECK_FAILED' : 'INTERNAL_ERROR';
  const message = known ? error.message : explain(error);
  return JSON.stringify({ success: false, error: { code, message, details: known ? error.details : [] } });
}

function detailLines({ code, details }: FrostbyteError): string[] {
  if (code === 'CONFIG_INVALID') return [];
  return details.flatMap(({ field, value, constraint, file, remediation }) => [
    `  ${file === undefined ? '' : `${printable(file)}, `}${field}${value === undefined ? '' : ` = ${JSON.stringify(value)}`}: ${constraint}`,
    ...(remediation === undefined ? [] : [`      → ${remediation}`]),
  ]);
}
