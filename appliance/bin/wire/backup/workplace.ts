import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { checksumFile } from '../../../bundle/backup/check-file.ts';
import { lockFile } from '../../../bundle/operation/host-lock.ts';
import type { Registry } from '../../../control/registry/open.ts';
import { noteCopiesDestroyed } from '../../../control/registry/outside-copies.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { replaceFile } from '../../../kernel/durable-file.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';

/**
 * Where a backup keeps its copies while it is made: below the data folder, whose disk is what rows rely on, and never beside
 * its target, which may be a stick.
 */
export interface Workplace {
  /** A folder of this backup's own, empty. */
  folder: string;
  /** Copies that are not needed any more. */
  clear(): void;
  /** Ends it: nothing is left. */
  end(): void;
}

const NOTE = 'backup.json';
const ID = /^[0-9a-f-]{36}$/;

/**
 * Makes the place of a backup, one at a time on a data folder. What a killed one left goes; that its copies are kept is taken
 * back, unless its file was finished. Throws `OPERATION_RUNNING`.
 */
export function backupWorkplace(
  dataFolder: string,
  { backupId, file }: { backupId: string; file: string },
  registry: Registry,
  clock: Clock,
): Workplace {
  const all = join(dataFolder, 'control', 'backup');
  mkdirSync(all, { recursive: true, mode: 0o700 });
  const lock = lockFile(join(all, 'lock'), 0);
  if (lock === null) {
    throw new FrostbyteError(
      'OPERATION_RUNNING',
      'Another backup of this data folder is being made. Wait until it is done.',
    );
  }
  for (const name of readdirSync(all).filter((each) => ID.test(each))) {
    const target = targetOf(join(all, name));
    if (target !== null) {
      rmSync(partialFile(target), { force: true });
      if (!existsSync(target)) {
        removeChecksum(checksumFile(target));
        registry.write(() => noteCopiesDestroyed(registry, name, clock.iso()));
      }
    }
    rmSync(join(all, name), { recursive: true, force: true });
  }
  const own = join(all, backupId);
  const folder = join(own, 'copies');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  replaceFile(join(own, NOTE), JSON.stringify({ file }));
  const clear = () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { mode: 0o700 });
  };
  return {
    folder,
    clear,
    end() {
      rmSync(own, { recursive: true, force: true });
      lock.close();
    },
  };
}

/** Takes a checksum away, and what a kill left of its making. */
function removeChecksum(checksum: string): void {
  const [folder, name] = [dirname(checksum), basename(checksum)];
  const left = (existsSync(folder) ? readdirSync(folder) : []).filter(
    (each) => each.startsWith(`.${name}.`) && each.endsWith('.new'),
  );
  for (const each of [name, ...left]) rmSync(join(folder, each), { force: true });
}

/** The name of a backup until it is whole. */
export const partialFile = (file: string): string => `${file}.partial`;

function targetOf(folder: string): string | null {
  try {
    const { file } = JSON.parse(readFileSync(join(folder, NOTE), 'utf8')) as { file?: unknown };
    return typeof file === 'string' ? file : null;
  } catch {
    return null;
  }
}
