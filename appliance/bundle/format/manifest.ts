import { z } from 'zod';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { type BundleCode, FrostbyteError } from '../../kernel/errors.ts';
import { collision, type PathRule, ruleOfCollision, whatIsWrongWithPath } from './paths.ts';

/** `MANIFEST.json`: what a bundle is, what it needs, and every file in it (spec 7, "Layout"). */

/** Larger ones are not read. */
export const MOST_MANIFEST_BYTES = 4 << 20;
/** Ten times as many as a release has: what verifies a bundle keeps what it knows of each in memory, which is bounded. */
export const MOST_FILES = 8_000;
/** FAT32 holds no larger file. */
export const MOST_FILE_BYTES = 2 ** 32 - 1;

/** Parts of a blob have names of their own. */
const BLOB = /^images\/blobs\/sha256\/([0-9a-f]{64})$/;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const version = z.string().regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/);
const path = z.string();
const bytes = z.number().int().min(0).max(MOST_FILE_BYTES);
const name = z.string().min(1).max(200);

const File = z.strictObject({
  path,
  size: bytes,
  sha256,
  executable: z.literal(true).optional(),
});

/** A file that was too large, or too long to copy again, in parts that stand among `files`. */
const Joined = z.strictObject({
  path,
  size: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  sha256,
  parts: z.array(path).min(2).max(10_000),
});

const Image = z.strictObject({
  name,
  /** The name that Compose uses: `frostbyte.local/<name>:<release>`. */
  reference: name,
  manifest_digest: digest,
  /** The image id of the classic image store. */
  config_digest: digest,
  /** What it takes in the layout, layers that it shares counted too. */
  size: z.number().int().min(0),
});

/** Weights, malware signatures, packages of the engine: what a bundle may do without. Absence is declared. */
const Component = z.strictObject({
  name,
  present: z.boolean(),
  version: name.nullable(),
  /** What is lost without it, where it is absent. */
  remark: z.string().max(500).nullable(),
});

/** What an update brings that is no release: by itself, into the release that runs. */
export const UPDATES = ['malware-signatures', 'models'] as const;
export type UpdateKind = (typeof UPDATES)[number];

export const BundleManifest = z.strictObject({
  format: z.literal(1),
  product: z.literal('frostbyte'),
  version,
  /** Of an update; a release has none. */
  updates: z.enum(UPDATES).optional(),
  arch: z.enum(['amd64', 'arm64']),
  /** Higher in every release, and in every update of a kind: an older one is a downgrade. */
  counter: z.number().int().min(1),
  /** Seconds since 1970: `SOURCE_DATE_EPOCH` of the build. */
  built_at: z.number().int().min(0),
  /** Versions that may be upgraded to this one; null: any. */
  upgrade_from: z.strictObject({ at_least: version, below: version }).nullable(),
  /** What each store's data are kept in, so that a step that skips one is refused: `postgres` → `17`. */
  data_formats: z.record(z.string(), name),
  requirements: z.strictObject({
    kernel: name,
    cpus: z.number().int().min(1),
    memory_bytes: z.number().int().min(1),
    disk_bytes: z.number().int().min(1),
    docker_engine: name,
    docker_compose: name,
  }),
  components: z.array(Component).max(100),
  images: z.array(Image).max(100),
  files: z.array(File).min(1).max(MOST_FILES),
  joined: z.array(Joined).max(1000),
});
export type BundleManifest = z.infer<typeof BundleManifest>;
export type BundleFile = BundleManifest['files'][number];

/** The manifest as it is signed: canonical (RFC 8785), so that the same bundle gives the same bytes. */
export const writeManifest = (manifest: BundleManifest): string => `${canonicalJson(manifest)}\n`;

/**
 * Reads a manifest whose signature holds. Throws `BUNDLE_MANIFEST_INVALID`, `BUNDLE_TOO_LARGE`, and `BUNDLE_PATH_…` for paths
 * that leave the bundle, stand there twice or differ in case alone.
 */
export function readManifest(text: string): BundleManifest {
  if (text.length > MOST_MANIFEST_BYTES)
    throw tooLarge('MANIFEST.json is too large to be one.', 'size', `at most ${MOST_MANIFEST_BYTES} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid('MANIFEST.json', 'JSON');
  }
  const parsed = BundleManifest.safeParse(json);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    if (first?.code === 'too_big' && first.origin === 'array')
      throw tooLarge('MANIFEST.json names too many of something.', first.path.join('.'), first.message);
    throw invalid(first?.path.join('.') ?? '', first?.message ?? 'as in its format');
  }
  const manifest = parsed.data;
  refusePaths(manifest);
  refuseParts(manifest);
  refuseBlobs(manifest);
  return manifest;
}

/** A blob of an image lies under its own hash, and every image of the list is there. */
function refuseBlobs({ files, joined, images }: BundleManifest): void {
  const blobs = new Set<string>();
  for (const { path: at, sha256: hash } of [...files, ...joined]) {
    const named = BLOB.exec(at)?.[1];
    if (named === undefined) continue;
    if (named !== hash) throw invalid(at, `a blob under its own hash: ${hash}`);
    blobs.add(`sha256:${hash}`);
  }
  for (const image of images) {
    const missing = [image.manifest_digest, image.config_digest].find((one) => !blobs.has(one));
    if (missing !== undefined) throw invalid(`images.${image.name}`, `among the blobs: ${missing}`);
  }
}

function refusePaths({ files, joined }: BundleManifest): void {
  const paths = [...files, ...joined].map((each) => each.path);
  for (const one of paths) {
    const rule = whatIsWrongWithPath(one);
    if (rule !== null) throw pathRefused(one, rule);
  }
  const twice = collision(paths);
  if (twice !== null) throw pathRefused(twice.path, ruleOfCollision(twice));
}

/** Parts stand among the files, each in one whole, in the whole's size. */
function refuseParts({ files, joined }: BundleManifest): void {
  const sizes = new Map(files.map(({ path: at, size }) => [at, size]));
  for (const whole of joined) {
    let size = 0;
    for (const part of whole.parts) {
      const known = sizes.get(part);
      if (known === undefined)
        throw invalid(whole.path, `parts that stand among the files, each in one whole: ${part}`);
      size += known;
      sizes.delete(part);
    }
    if (size !== whole.size) throw invalid(whole.path, `as large as its parts: ${size} bytes`);
  }
}

function invalid(field: string, constraint: string): FrostbyteError {
  return new FrostbyteError('BUNDLE_MANIFEST_INVALID', 'The manifest of the bundle cannot be used.', {
    details: [{ field, constraint }],
  });
}

/** The refusal of a path. */
export function pathRefused(at: string, { code, allowed }: PathRule): FrostbyteError {
  return new FrostbyteError(
    code,
    `The bundle ${WORDS[code] ?? 'holds a path that is not allowed'}: ${JSON.stringify(at)}.`,
    {
      details: [{ field: 'path', value: at, constraint: allowed }],
    },
  );
}

const WORDS: Readonly<Partial<Record<BundleCode, string>>> = Object.freeze({
  BUNDLE_LINK_REFUSED: 'holds something that is no plain file',
  BUNDLE_PATH_UPWARD: 'holds a path that leads out of it',
  BUNDLE_PATH_ABSOLUTE: 'holds an absolute path',
  BUNDLE_PATH_TWICE: 'holds a path twice',
  BUNDLE_PATH_CASE: 'holds paths that differ in case alone',
});

/** More than any bundle has: it is not even read. */
export function tooLarge(message: string, field: string, constraint: string): FrostbyteError {
  return new FrostbyteError('BUNDLE_TOO_LARGE', message, { details: [{ field, constraint }] });
}
