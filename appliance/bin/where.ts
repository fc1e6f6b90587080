import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a parser listens in its container, in a folder that its data plane sees too. */
export const PARSER_SOCKET = '/run/frostbyte/parser/parser.sock';

/** Touched by a role that listens nowhere, for as long as it goes on. */
export function aliveFile(pid: number): string {
  return join(tmpdir(), `frostbyte-${pid}.alive`);
}
/** How often that is. */
export const ALIVE_MS = 5000;

/**
 * The folder of models where none is named: in the data folder once it is there, else what came with the program (in a
 * checkout what `make models` fetched), else in the data folder, where an import makes it.
 */
export function modelsHere(dataFolder: string): string {
  const own = join(dataFolder, 'models');
  const beside = ['./models', '../models', '../.cache/models', '../../.cache/models'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return [own, ...beside].find((path) => existsSync(path)) ?? own;
}

/** The folder of the bundle that this program lies in, as it was verified and copied; null in a checkout. */
export function ownBundle(): string | null {
  const folder = dirname(dirname(fileURLToPath(import.meta.url)));
  return existsSync(join(folder, 'MANIFEST.json')) ? folder : null;
}
