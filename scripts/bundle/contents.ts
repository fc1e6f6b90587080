/** What a bundle is made of, but for images and what is written about it all: files of this tree and of its build. */
import { existsSync, globSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Input } from '../../appliance/bundle/build/write-bundle.ts';
import { compiled, ROOT } from '../images/recipe.ts';

const NODE = join(ROOT, '.toolchain/node');
/** Programs that are run from the medium, or from the copy. */
const PROGRAMS =
  /^(?:verify\.sh|install\.sh|export\.sh|appliance\/frostbyte|host\/(?:input-rule|docker-compose)|bin\/node)$/;

/** Files that every bundle of this tree has, sorted by path. */
export function ownFiles(): Input[] {
  const files = new Map<string, string>([
    ['bin/node', join(NODE, 'bin/node')],
    ['bin/LICENSE', join(NODE, 'LICENSE')],
    ['verify.sh', join(ROOT, 'host/bundle/verify.sh')],
    ['install.sh', join(ROOT, 'host/bundle/install.sh')],
    ['export.sh', join(ROOT, 'host/bundle/export.sh')],
    ['README.txt', join(ROOT, 'host/bundle/README.txt')],
    ['Makefile', join(ROOT, 'host/bundle/Makefile')],
    ['host/input-rule', join(ROOT, 'host/input-rule')],
    ['host/docker-compose', compiled('docker-compose')],
  ]);
  for (const [path, from] of folderFiles()) files.set(path, from);
  return [...files].map(([path, from]) => (PROGRAMS.test(path) ? { path, from, executable: true } : { path, from }));
}

/** Those that a bundle takes with their folders, by their path in it. */
export function folderFiles(): Map<string, string> {
  const files = new Map<string, string>();
  for (const [folder, from] of [
    ['appliance', 'dist'],
    ['compose', 'compose'],
    ['manifests', 'manifests'],
    ['docs', 'docs'],
  ] as const) {
    for (const file of filesBelow(join(ROOT, from))) {
      // What the host runs stands at the bundle's own places.
      if (from === 'dist' && file.startsWith('host/')) continue;
      files.set(`${folder}/${file}`, join(ROOT, from, file));
    }
  }
  return files;
}

/** A folder's files that go below `to`, whatever lies in it; sorted. */
export function folderInputs(from: string, to: string): Input[] {
  if (!existsSync(from) || !statSync(from).isDirectory()) throw new Error(`there is no folder ${from}`);
  return filesBelow(from).map((file) => ({ path: `${to}/${file}`, from: join(from, file) }));
}

function filesBelow(folder: string): string[] {
  const hidden = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((file) => /(?:^|\/)\./.test(file));
  if (hidden !== undefined) throw new Error(`${join(folder, hidden)} is hidden, and no bundle takes that`);
  return globSync('**/*', { cwd: folder })
    .filter((file) => statSync(join(folder, file)).isFile())
    .sort();
}
