/** Our own program in an image: the pinned Node in one layer, what `make build` made in another. */
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, globSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { requireBuild } from '../../test/support/shipped.ts';
import type { Layer } from './layers.ts';
import { type Recipe, ROOT } from './recipe.ts';

const DIST = join(ROOT, 'dist');
const NODE = join(ROOT, '.toolchain/node');

/**
 * The layers on top of the system, what changes least first: a new release of ours is a layer of a few megabytes on
 * layers that a box has. None for images that do not ask for our program. Throws where `dist/` is not what the sources
 * are.
 */
export function applianceLayers({ appliance }: Recipe): Layer[] {
  if (appliance === undefined) return [];
  requireBuild();
  const [node, licence] = [join(NODE, 'bin/node'), join(NODE, 'LICENSE')];
  return [
    {
      key: hashOf('runtime', appliance, [node, licence]),
      fill(root) {
        mkdirSync(join(root, appliance, 'bin'), { recursive: true });
        copyFileSync(node, join(root, appliance, 'bin/node'));
        copyFileSync(licence, join(root, appliance, 'bin/LICENSE'));
        fixModes(root);
      },
    },
    layerOfBundle('parts', appliance, (file) => PARTS.test(file)),
    layerOfBundle('bundle', appliance, (file) => !PARTS.test(file)),
  ];
}

/** Native add-ons and what the parser brings: many times as large as our own program, and hardly ever another. */
const PARTS = /^(?:node_modules|assets)\//;

function layerOfBundle(name: string, appliance: string, isIn: (file: string) => boolean): Layer {
  const files = globSync('**/*', { cwd: DIST })
    .filter((file) => isIn(file) && statSync(join(DIST, file)).isFile())
    .sort();
  const paths = files.map((file) => join(DIST, file));
  return {
    key: hashOf(name, appliance, paths),
    fill(root) {
      for (const file of files) {
        mkdirSync(dirname(join(root, appliance, file)), { recursive: true });
        copyFileSync(join(DIST, file), join(root, appliance, file));
      }
      fixModes(root);
    },
  };
}

function hashOf(name: string, place: string, files: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify([name, place, process.arch]));
  for (const file of files) {
    hash.update(JSON.stringify([file.slice(ROOT.length), statSync(file).mode & 0o100, statSync(file).size]));
    hash.update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Whoever built them, and whatever was masked for them. */
function fixModes(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) fixModes(path);
    else chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
  }
}
