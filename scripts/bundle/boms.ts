/** Every part that ships with its licence: what the gate holds against `manifests/licences.json`, and the SBOMs of it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Input } from '../../appliance/bundle/build/write-bundle.ts';
import type { BuiltImage } from '../images/build.ts';
import { type ImageLock, type LockedImage, pinsOf } from '../images/lock.ts';
import { fetchPackages } from '../images/packages.ts';
import { compiled, ROOT, readRecipe } from '../images/recipe.ts';
import { debianComponents } from '../licences/debian.ts';
import { goComponents } from '../licences/go.ts';
import { foreignComponents } from '../licences/inside-image.ts';
import { npmComponents } from '../licences/npm.ts';
import { type Component, type Judged, judge, type LicencePolicy, readPolicy } from '../licences/policy.ts';
import { mergeJudged, writeSbom } from '../licences/sbom.ts';

export interface Bill {
  inputs: Input[];
  /** All of them, once each. */
  judged: Judged[];
}

/** An image that ships: what the lock says of it, and its layers. */
export interface ShippedImage {
  image: LockedImage;
  built: Pick<BuiltImage, 'folder' | 'tag' | 'manifest_digest'>;
}

/**
 * The SBOM of the daemon, of Compose, of each image, of what else was brought, and of all together. Throws for licences that
 * may not ship.
 */
export async function billOf(
  images: readonly ShippedImage[],
  more: readonly { file: string; components: Component[] }[],
  { lock, version, built_at }: { lock: ImageLock; version: string; built_at: number },
): Promise<Bill> {
  const policy = readPolicy();
  const inside: Component[][] = [];
  for (const image of images) inside.push(await componentsOf(image, lock, policy));
  const parts: { file: string; type: 'application' | 'container'; components: Component[] }[] = [
    { file: 'daemon', type: 'application', components: [...npmComponents(), nodeRuntime()] },
    {
      file: 'docker-compose',
      type: 'application',
      components: goComponents('docker-compose', compiled('docker-compose'), policy),
    },
    ...images.map(({ image }, at) => ({
      file: `image-${image.name}`,
      type: 'container' as const,
      components: inside[at]!,
    })),
    ...more.map(({ file, components }) => ({ file, type: 'application' as const, components })),
  ];
  const all = parts.map(({ components }) => components);
  // All complaints at once.
  judge(all.flat(), policy);
  const judged = all.map((components) => judge(components, policy));
  const subject = (name: string, type: 'application' | 'container') => ({ name, version, type, built_at });
  const inputs = parts.map(({ file, type }, at): Input => {
    const text = writeSbom(subject(`frostbyte-${file}`, type), judged[at]!);
    return { path: `sbom/${file}.cdx.json`, from: Buffer.from(text) };
  });
  const merged = mergeJudged(judged);
  inputs.push({
    path: 'sbom/all.cdx.json',
    from: Buffer.from(writeSbom(subject('frostbyte', 'application'), merged)),
  });
  return { inputs, judged: merged };
}

/** What an image is made of: of ours by the lock, which it is held against, of others' by what is found in it. */
export async function componentsOf(
  { image, built }: ShippedImage,
  lock: ImageLock,
  policy: LicencePolicy,
): Promise<Component[]> {
  if (image.source !== 'recipe') return foreignComponents(image, built, policy);
  const recipe = readRecipe(image.name);
  const pins = pinsOf(lock, image.name);
  fetchPackages(pins, lock);
  return [
    ...debianComponents(pins, policy),
    ...recipe.programs.flatMap((one) =>
      'module' in one ? goComponents(one.module, compiled(one.module), policy) : [],
    ),
    ...(recipe.appliance === undefined ? [] : [...npmComponents(), nodeRuntime()]),
  ];
}

function nodeRuntime(): Component {
  const { node } = JSON.parse(readFileSync(join(ROOT, 'scripts/toolchain.json'), 'utf8')) as {
    node: { version: string };
  };
  const licence = join(ROOT, '.toolchain/node/LICENSE');
  if (!existsSync(licence)) throw new Error('the runtime has no LICENSE beside it: make toolchain');
  return {
    ecosystem: 'generic',
    name: 'node',
    version: node.version,
    says: ['MIT'],
    texts: [readFileSync(licence, 'utf8')],
  };
}
