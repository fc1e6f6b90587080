import { lstatSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../../../kernel/durable-file.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { HostLayout } from '../../host-layout.ts';
import type { Phase } from '../../operation/phase.ts';

/** Lets the link `current` point to a release: at every moment it points to one. */
export function switchRelease({ current, releases }: HostLayout, version: string): Phase {
  const wanted = `${basename(releases)}/${version}`;
  return {
    name: 'switch',
    title: `Let release ${version} be the current one`,
    seconds: 0.1,
    check: async () => linkOf(current) === wanted,
    before: async () => linkOf(current),
    do: async () => pointTo(current, wanted),
    async undo({ before }) {
      if (before !== null) return pointTo(current, before as string);
      rmSync(current, { force: true });
      syncFolder(dirname(current));
    },
  };
}

/** Where it points; null where it is not there. Throws `INVALID_STATE_TRANSITION` where something else is in its place. */
function linkOf(path: string): string | null {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return null;
  if (there.isSymbolicLink()) return readlinkSync(path);
  throw new FrostbyteError('INVALID_STATE_TRANSITION', `${path} is no link. Move away what is there, and go on.`, {
    details: [{ field: 'path', value: path, constraint: 'a link to a release, or nothing' }],
  });
}

function pointTo(path: string, target: string): void {
  const beside = join(dirname(path), `.${basename(path)}.new`);
  rmSync(beside, { force: true });
  symlinkSync(target, beside);
  renameSync(beside, path);
  syncFolder(dirname(path));
}
