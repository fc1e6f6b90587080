/** Images of others, as they are: from a registry or from an archive on the disk, by the digest of the lock. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blobPath, type Descriptor, type OciManifest } from '../../appliance/bundle/format/oci.ts';
import { imageTag } from './archive.ts';
import { type BuiltImage, release } from './build.ts';
import type { ForeignImage } from './lock.ts';
import { ROOT } from './recipe.ts';
import { openRegistry } from './registry.ts';

const CACHE = join(ROOT, '.cache/images');
const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : 'arm64';

/** Where a manifest and blobs come from: each is held against its digest before it is given. */
interface Source {
  manifest(digest: string): Promise<Buffer>;
  blob(digest: string, to: string): Promise<void>;
}

export interface ForeignOptions {
  /** `https://…`; undefined: this host reaches none. */
  registry?: string | undefined;
  cache?: string;
}

/** Takes an image from the cache or fetches it. Throws an error that says how to do without it where it cannot be had. */
export async function takeForeign(
  image: ForeignImage,
  { registry, cache = CACHE }: ForeignOptions,
): Promise<BuiltImage> {
  const { name, version, manifest_digest: digest, replaces } = image;
  const without =
    replaces === undefined
      ? `build without it, which the package then says: make images bundle WITHOUT=${name}`
      : `build with the one made here: make images, without OBJECTS=${name}`;
  if (digest === null)
    throw new Error(
      `${name} ${version} has no digest in images/lock.json. Where a registry is reached, make images-update PINS=keep MOVE=${name}=${version} REGISTRY=https://… pins it; or ${without}`,
    );
  const tag = imageTag(replaces ?? name, release());
  const folder = join(cache, digest.replace('sha256:', '').slice(0, 16));
  const isThere = existsSync(join(folder, 'image.json'));
  if (!isThere) {
    mkdirSync(cache, { recursive: true });
    const work = mkdtempSync(join(cache, '.work-'));
    try {
      await copyImage(sourceOf(image, registry, work), digest, work);
      rmSync(join(work, 'archive'), { recursive: true, force: true });
      writeFileSync(join(work, 'image.json'), JSON.stringify({ name }));
      rmSync(folder, { recursive: true, force: true });
      renameSync(work, folder);
    } catch (cause) {
      throw new Error(`${name} ${version} cannot be had: ${(cause as Error).message}; ${without}`, { cause });
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  const came = digestsOf(folder);
  if (image.config_digest !== null && image.config_digest !== came.config_digest)
    throw new Error(
      `${name} ${version} has the config_digest ${came.config_digest}; images/lock.json says ${image.config_digest}. Whoever changed one of the two says why, or ${without}`,
    );
  return { name: replaces ?? name, tag, folder, fresh: !isThere, ...came };
}

function sourceOf(image: ForeignImage, registry: string | undefined, work: string): Source {
  if (image.source === 'archive') return openArchive(image.file, join(work, 'archive'));
  if (registry === undefined)
    throw new Error(
      `no registry was named. Where this host reaches one that has ${image.repository}: make images bundle REGISTRY=https://… (its name in the place of …; export REGISTRY says it once for this host)`,
    );
  return openRegistry(registry, image.repository);
}

/** Follows an index to this host's architecture; `layout.json` keeps which manifest that was. */
async function copyImage(source: Source, digest: string, to: string): Promise<void> {
  mkdirSync(join(to, 'blobs/sha256'), { recursive: true });
  let named = digest;
  let bytes = await source.manifest(named);
  const { manifests } = JSON.parse(bytes.toString('utf8')) as { manifests?: (Descriptor & { platform?: Platform })[] };
  if (manifests !== undefined) {
    const own = manifests.find(({ platform }) => platform?.os === 'linux' && platform.architecture === ARCHITECTURE);
    if (own === undefined) throw new Error(`it has no image for linux/${ARCHITECTURE}`);
    named = own.digest;
    bytes = await source.manifest(named);
  }
  writeFileSync(join(to, blobPath(named)), bytes);
  const { config, layers } = JSON.parse(bytes.toString('utf8')) as OciManifest;
  for (const blob of [config, ...layers]) await source.blob(blob.digest, join(to, blobPath(blob.digest)));
  writeFileSync(join(to, 'layout.json'), JSON.stringify({ manifest: named }));
}

interface Platform {
  os: string;
  architecture: string;
}

function digestsOf(folder: string): Pick<BuiltImage, 'config_digest' | 'manifest_digest' | 'size' | 'system'> {
  const { manifest } = JSON.parse(readFileSync(join(folder, 'layout.json'), 'utf8')) as { manifest: string };
  const bytes = readFileSync(join(folder, blobPath(manifest)));
  const { config, layers } = JSON.parse(bytes.toString('utf8')) as OciManifest;
  const { rootfs } = JSON.parse(readFileSync(join(folder, blobPath(config.digest)), 'utf8')) as {
    rootfs: { diff_ids: string[] };
  };
  const size = [config, ...layers].reduce((sum, blob) => sum + blob.size, bytes.length);
  return { config_digest: config.digest, manifest_digest: manifest, size, system: rootfs.diff_ids[0]! };
}

/** An OCI layout in a tar, as `docker save` of a newer engine and skopeo write it. */
function openArchive(file: string, folder: string): Source {
  if (!existsSync(file)) throw new Error(`there is no archive ${file}`);
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['--extract', `--file=${file}`, `--directory=${folder}`, '--no-same-owner'], { stdio: 'ignore' });
  if (!existsSync(join(folder, 'blobs')))
    throw new Error(
      `${file} is no OCI layout, as \`docker save\` of an engine from 25 on and skopeo write it: older engines leave out the manifest, and nothing is left to hold against the digest of the lock`,
    );
  const read = (digest: string): Buffer => {
    const blob = join(folder, blobPath(digest));
    if (!existsSync(blob)) throw new Error(`the archive has no ${digest}`);
    const bytes = readFileSync(blob);
    const is = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (is !== digest) throw new Error(`the archive has ${is} under the name ${digest}`);
    return bytes;
  };
  return {
    manifest: async (digest) => read(digest),
    blob: async (digest, to) => writeFileSync(to, read(digest)),
  };
}
