import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a parser listens in its container, in a folder that its data plane sees too. */
export const PARSER_SOCKET = '/run/frostbyte/parser/parser.sock';

/** Touched by a role that listens nowhere, for as long as it goes on. */
export function aliveFile(pid: number): string {
  return join(tmpdir(), `frostbyte-${pid}.alive`);
}
/** How often that is. */
export const ALIVE_MS = 5000;
