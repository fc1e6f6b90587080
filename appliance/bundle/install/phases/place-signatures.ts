import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { diskError, syncFile, syncFolder } from '../../../kernel/durable-file.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Phase } from '../../operation/phase.ts';

/**
 * The malware signatures that the bundle brought, where the scanner's container reads them. What lies there already stays:
 * signatures are renewed on their own. Without any the scanner does not start, and no document would be taken.
 */
export function placeSignatures(release: string, folder: string): Phase {
  const from = join(release, 'signatures');
  const brought = () =>
    existsSync(from) ? readdirSync(from).filter((name) => statSync(join(from, name)).isFile()) : [];
  const held = () => (existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : []);
  const missing = () => {
    const there = new Set(held());
    return brought().filter((name) => !there.has(name));
  };
  return {
    name: 'signatures',
    title: 'Put the malware signatures in their place',
    seconds: 2,
    check: async () => missing().length === 0 && held().length > 0,
    before: async () => ({ folder: existsSync(folder), names: held() }),
    async do({ progress, signal }) {
      const names = missing();
      if (names.length === 0) throw none(folder);
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      const total = names.reduce((sum, name) => sum + statSync(join(from, name)).size, 0);
      let done = 0;
      for (const name of names) {
        signal.throwIfAborted();
        const beside = join(folder, `.${name}.new`);
        try {
          copyFileSync(join(from, name), beside);
          syncFile(beside);
          renameSync(beside, join(folder, name));
        } catch (error) {
          rmSync(beside, { force: true });
          throw diskError(error, beside);
        }
        done += statSync(join(folder, name)).size;
        progress(done, total);
      }
      syncFolder(folder);
    },
    async undo({ before }) {
      const was = before as { folder: boolean; names: string[] };
      if (!was.folder) return rmSync(folder, { recursive: true, force: true });
      for (const name of brought()) {
        rmSync(join(folder, `.${name}.new`), { force: true });
        if (!was.names.includes(name)) rmSync(join(folder, name), { force: true });
      }
    },
  };
}

function none(folder: string): FrostbyteError {
  return new FrostbyteError(
    'OPERATION_FAILED',
    `There are no malware signatures: this bundle brings none, and none lie in ${folder}. The scanner does not start without, and no document is taken unscanned. Copy signatures there (files for clamd: .cvd, .cld, .ndb, …), and go on: frostbyte plan resume.`,
    { details: [{ field: 'path', value: folder, constraint: 'signatures for clamd' }] },
  );
}
