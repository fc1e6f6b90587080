/**
 * `make bundle`: makes the offline package of this tree, as a folder: what `make build` and `make images` made, Compose, the
 * programs, documents, models and signatures that are there, the sources that we owe, and the lists over all of it. What is
 * not there is declared absent; an unknown licence, or one that may not ship, is an error. The same commit gives the same
 * bytes, wherever and whenever it is built.
 */
import { execFileSync } from 'node:child_process';
import { createWriteStream, existsSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { layoutInputs } from '../appliance/bundle/build/oci-layout.ts';
import { signBundle } from '../appliance/bundle/build/sign-bundle.ts';
import { tarBundle } from '../appliance/bundle/build/tar-bundle.ts';
import { writeBundle } from '../appliance/bundle/build/write-bundle.ts';
import type { BundleManifest } from '../appliance/bundle/format/manifest.ts';
import { requireBuild } from '../test/support/shipped.ts';
import { billOf } from './bundle/boms.ts';
import { absent, lockedFolder, models } from './bundle/components.ts';
import { ownFiles } from './bundle/contents.ts';
import { broughtSigners, trialSigners } from './bundle/keys.ts';
import { releaseFacts } from './bundle/release-facts.ts';
import { sources } from './bundle/sources.ts';
import { vexOf } from './bundle/vex.ts';
import { type BuiltImage, buildImage, release } from './images/build.ts';
import { takeForeign } from './images/foreign.ts';
import { holdInstalled } from './images/installed.ts';
import { type ImageLock, type LockedImage, readLock, requireArchitecture } from './images/lock.ts';
import { ROOT } from './images/recipe.ts';
import { refuseUndescribed, wantedImages } from './images/wanted.ts';
import { broughtPackages } from './licences/debian.ts';
import { readPolicy } from './licences/policy.ts';
import { signatureParts } from './licences/signatures.ts';
import { licenceTexts } from './licences/texts.ts';

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    without: { type: 'string', multiple: true, default: [] },
    registry: { type: 'string' },
    objects: { type: 'string', default: 'objects' },
    signers: { type: 'string' },
    signatures: { type: 'string' },
    engine: { type: 'string' },
    tar: { type: 'boolean', default: false },
  },
});

try {
  await build();
} catch (error) {
  console.error(`bundle: ${(error as Error).message}`);
  process.exitCode = 1;
}

async function build(): Promise<void> {
  refuseUndescribed(values.objects);
  requireBuild();
  const lock = readLock();
  requireArchitecture(lock);
  const arch = lock.arch;
  const version = release();
  const built_at = builtAt();
  const wanted = wantedImages({ without: values.without, objects: values.objects }, lock);
  const images: BuiltImage[] = [];
  for (const image of wanted) images.push(await take(image, lock));
  const layout = layoutInputs(
    images.map(({ name, tag, folder, manifest_digest }) => ({ name, reference: tag, folder, manifest_digest })),
    arch,
  );
  const policy = readPolicy();
  const optional = [
    ...(await models(values.without)),
    lockedFolder(
      'malware-signatures',
      'signatures',
      values.signatures,
      'none were brought (SIGNATURES=folder): documents are not accepted until some are installed',
      signatureParts,
    ),
    lockedFolder(
      'engine-packages',
      'host/engine',
      values.engine,
      'none were brought (ENGINE=folder): the host needs a Docker Engine of its own',
      (files) => broughtPackages(files, policy),
    ),
    ...values.without
      .filter((name) => lock.images.some((image) => image.name === name))
      .map((name) => absent(name, remarkOf(name))),
  ];
  const bill = await billOf(
    wanted.map((image, at) => ({ image, built: images[at]! })),
    optional
      .filter(({ shipped }) => shipped.length > 0)
      .map(({ component, shipped }) => ({ file: component.name, components: shipped })),
    { lock, version, built_at },
  );
  const signers = values.signers === undefined ? await trialSigners() : broughtSigners(values.signers);
  const out = resolve(values.out ?? join(ROOT, '.cache/bundle', `frostbyte-${version}-linux-${arch}`));
  if (values.out === undefined) rmSync(out, { recursive: true, force: true });
  const manifest = await writeBundle({
    inputs: [
      ...ownFiles(),
      ...layout.inputs,
      ...optional.flatMap(({ inputs }) => inputs),
      ...bill.inputs,
      vexOf(bill.judged, { version, built_at }),
      ...sources(bill.judged),
      ...licenceTexts(bill.judged),
      ...signers.inputs,
    ],
    about: {
      format: 1,
      product: 'frostbyte',
      version,
      arch,
      built_at,
      ...releaseFacts(version),
      data_formats: dataFormats(lock, wanted),
      components: optional.map(({ component }) => component),
      images: layout.images,
    },
    out,
    sign: null,
  });
  if (signers.trialKey !== null) await signBundle(out, signers.trialKey);
  if (values.tar) await pipeline(tarBundle(out, manifest), createWriteStream(`${out}.tar`));
  report(out, manifest, signers.fingerprint);
}

async function take(image: LockedImage, lock: ImageLock): Promise<BuiltImage> {
  if (image.source !== 'recipe') return takeForeign(image, { registry: values.registry });
  const built = await buildImage(image.name);
  // One that comes from the cache too: its bill of materials is written anew, and must be true.
  await holdInstalled(built, lock);
  return built;
}

/** `SOURCE_DATE_EPOCH`, or when the commit was made: never when it is built. */
function builtAt(): number {
  const given = process.env.SOURCE_DATE_EPOCH;
  const seconds = Number(
    given ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).trim(),
  );
  if (!Number.isSafeInteger(seconds) || seconds <= 0) throw new Error('SOURCE_DATE_EPOCH is no time in seconds');
  return seconds;
}

/** What the stores of this release keep their data in: what an upgrade may not skip. */
function dataFormats(lock: ReturnType<typeof readLock>, wanted: readonly LockedImage[]): Record<string, string> {
  const postgres = lock.packages.find(({ name }) => /^postgresql-\d+$/.test(name))?.name.replace('postgresql-', '');
  const qdrant = wanted.find(({ name }) => name === 'qdrant');
  const minor = qdrant?.source === 'recipe' ? undefined : /^v?(\d+\.\d+)/.exec(qdrant?.version ?? '')?.[1];
  return { postgres: postgres ?? 'none', vectors: minor === undefined ? 'embedded-1' : `qdrant-${minor}` };
}

function remarkOf(name: string): string {
  if (name === 'qdrant') return 'could not be had: each tenant’s vectors lie in a file on a volume of its own';
  return 'left out by whoever built the bundle';
}

function report(out: string, { files, components, images }: BundleManifest, print: string | null): void {
  const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const place = existsSync(out) && out.startsWith(ROOT) ? relative(ROOT, out) : out;
  console.log(`${place}  ${files.length} files  ${megabytes(size)}`);
  for (const { reference, size: bytes } of images) console.log(`  ${reference}  ${megabytes(bytes)}`);
  for (const { name, present, version, remark } of components)
    console.log(`  ${name}: ${present ? version : `absent: ${remark}`}`);
  console.log(
    print === null
      ? '  not signed yet: make sign KEY=…'
      : `  signed with trial keys of this host, which nobody else believes; its root key is ${print}`,
  );
}
