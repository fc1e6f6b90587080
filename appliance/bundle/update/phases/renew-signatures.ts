import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { diskError, syncFile, syncFolder } from '../../../kernel/durable-file.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { fileSha256 } from '../../../kernel/file-digest.ts';
import type { Phase } from '../../operation/phase.ts';
import type { Scanner } from '../tools.ts';

/** Where the signatures of before lie until the new ones are proven. */
export const keptBefore = (folder: string): string => `${folder}-before`;

const isHidden = (name: string): boolean => name.startsWith('.');
const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder).filter((name) => !isHidden(name) && statSync(join(folder, name)).isFile())
    : [];

/**
 * The signatures of an update in the place of those that are there, all of them: two generations of one database beside each
 * other count as the older. The folder stays, since it is mounted in the scanner's container. Undone, those of before are
 * there again, and loaded.
 */
export function renewSignatures(brought: string, folder: string, scanner: Scanner | null): Phase {
  const before = keptBefore(folder);
  return {
    name: 'signatures',
    title: 'Put the new signatures in the place of the old',
    seconds: 5,
    async check() {
      const names = filesIn(brought);
      if (names.length === 0 || names.join('\n') !== filesIn(folder).join('\n')) return false;
      for (const name of names)
        if ((await fileSha256(join(brought, name))) !== (await fileSha256(join(folder, name)))) return false;
      return true;
    },
    async do({ progress, signal, note }) {
      const names = filesIn(brought);
      if (names.length === 0) {
        throw new FrostbyteError('OPERATION_FAILED', 'The update brings no signatures. Those that are here stay.', {
          details: [{ field: 'path', value: brought, constraint: 'signatures for clamd' }],
        });
      }
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      keep(folder, before);
      for (const [at, name] of names.entries()) {
        signal.throwIfAborted();
        const beside = join(folder, `.${name}.new`);
        try {
          copyFileSync(join(brought, name), beside);
          // Users of containers read it.
          chmodSync(beside, 0o644);
          syncFile(beside);
          renameSync(beside, join(folder, name));
        } catch (error) {
          rmSync(beside, { force: true });
          throw diskError(error, beside);
        }
        progress(at + 1, names.length);
      }
      const gone = filesIn(folder).filter((name) => !names.includes(name));
      for (const name of gone) rmSync(join(folder, name));
      syncFolder(folder);
      note(`${names.length} files${gone.length === 0 ? '' : `; not among them any more: ${gone.join(', ')}`}`);
    },
    async undo({ signal }) {
      if (!existsSync(before)) return;
      const were = filesIn(before);
      for (const name of were) {
        const beside = join(folder, `.${name}.new`);
        rmSync(beside, { force: true });
        rmSync(join(folder, name), { force: true });
        linkSync(join(before, name), join(folder, name));
      }
      for (const name of readdirSync(folder)) if (!were.includes(name)) rmSync(join(folder, name), { recursive: true });
      syncFolder(folder);
      await scanner?.renew(signal);
      rmSync(before, { recursive: true });
      syncFolder(dirname(before));
    },
  };
}

/** As a whole, and once: what is there when it is called again may be the new ones already. */
function keep(folder: string, before: string): void {
  if (existsSync(before)) return;
  const beside = `${before}.new`;
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(beside, { mode: 0o700 });
  for (const name of filesIn(folder)) linkSync(join(folder, name), join(beside, name));
  syncFolder(beside);
  renameSync(beside, before);
  syncFolder(dirname(before));
}
