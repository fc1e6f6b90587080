/** What a bundle may do without: it is there by hashes that somebody locked, or it is declared absent. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Input } from '../../appliance/bundle/build/write-bundle.ts';
import { readChecksums } from '../../appliance/bundle/format/checksums.ts';
import type { BundleManifest } from '../../appliance/bundle/format/manifest.ts';
import { modelFolder } from '../../appliance/models/embedder/folder/model-folder.ts';
import { MODEL_LOCK } from '../../appliance/models/embedder/lock.ts';
import { ROOT } from '../images/recipe.ts';
import type { Component as Shipped } from '../licences/policy.ts';
import { LICENCE_FILE } from '../licences/signatures.ts';
import { folderInputs } from './contents.ts';

export type Component = BundleManifest['components'][number];

export interface Optional {
  component: Component;
  inputs: Input[];
  shipped: Shipped[];
}

const MODELS = join(ROOT, '.cache/models');

/** Each model of the lock: whole, or absent. One that is damaged is an error: it is not left out in silence. */
export async function models(without: readonly string[], folder = MODELS): Promise<Optional[]> {
  const kept = modelFolder(folder);
  const found: Optional[] = [];
  for (const { model, state } of await kept.list()) {
    const { name, revision, files, license } = model;
    if (state === 'absent' || without.includes(name)) {
      found.push(
        absent(
          name,
          `${without.includes(name) ? `left out by the build (WITHOUT=${name})` : 'not on the build host (make models)'}: documents are found by what other models or words say`,
        ),
      );
      continue;
    }
    const wrong = await kept.verify(name);
    if (wrong.length > 0)
      throw new Error(
        `the model ${name} is damaged: ${wrong.map(({ file, problem }) => `${file} ${problem}`).join(', ')}`,
      );
    found.push({
      component: { name, present: true, version: revision, remark: null },
      inputs: files.map((file) => ({ path: `models/${name}/${file.name}`, from: join(folder, name, file.name) })),
      shipped: [{ ecosystem: 'generic', name, version: revision, says: [license] }],
    });
  }
  if (found.length !== MODEL_LOCK.models.length) throw new Error('the folder of models does not know every model');
  return found;
}

/**
 * A folder with files and a `SHA256SUMS` of all of them, locked by that list's own hash: malware signatures, packages of the
 * engine. What they are and under which licences is what they say themselves (`partsOf`). Throws an error that names what is
 * missing, extra or another.
 */
export function lockedFolder(
  name: string,
  to: string,
  from: string | undefined,
  remark: string,
  partsOf: (files: readonly string[]) => Shipped[],
): Optional {
  if (from === undefined) return absent(name, remark);
  const list = join(from, 'SHA256SUMS');
  if (!existsSync(list)) throw new Error(`${from} has no SHA256SUMS: ${name} is taken by locked hashes alone`);
  const text = readFileSync(list, 'utf8');
  const sums = readChecksums(text);
  if (typeof sums === 'string') throw new Error(`${list}: ${sums}`);
  const inputs = folderInputs(from, to).filter(({ path }) => path !== `${to}/SHA256SUMS`);
  const files = inputs.map((input) => String(input.from));
  const there = new Set(inputs.map(({ path }) => path.slice(to.length + 1)));
  for (const file of sums.keys())
    if (!there.has(file)) throw new Error(`${from} lacks ${file}, which its SHA256SUMS names`);
  for (const file of there) {
    const is = createHash('sha256')
      .update(readFileSync(join(from, file)))
      .digest('hex');
    if (sums.get(file) !== is) throw new Error(`${join(from, file)} is not what SHA256SUMS says`);
  }
  // What its licence says stands among the licences; on a host it would be one file too many.
  const shipped = inputs.filter((input) => !LICENCE_FILE.test(basename(String(input.from))));
  const version = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return { component: { name, present: true, version, remark: null }, inputs: shipped, shipped: partsOf(files) };
}

export function absent(name: string, remark: string): Optional {
  return { component: { name, present: false, version: null, remark }, inputs: [], shipped: [] };
}
