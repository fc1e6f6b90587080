/**
 * `make update`: what a release works with and is no release, as a small package of its own, signed and verified as releases
 * are: malware signatures, or the weights of a model. `frostbyte update` takes it on the box.
 */
import { createWriteStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { signBundle } from '../appliance/bundle/build/sign-bundle.ts';
import { tarBundle } from '../appliance/bundle/build/tar-bundle.ts';
import { writeBundle } from '../appliance/bundle/build/write-bundle.ts';
import type { BundleManifest, UpdateKind } from '../appliance/bundle/format/manifest.ts';
import { lockedFolder, models } from './bundle/components.ts';
import { broughtSigners, trialSigners } from './bundle/keys.ts';
import { releaseFacts } from './bundle/release-facts.ts';
import { release } from './images/build.ts';
import { readLock } from './images/lock.ts';
import { ROOT } from './images/recipe.ts';
import { judge, readPolicy } from './licences/policy.ts';
import { signatureParts } from './licences/signatures.ts';
import { licenceTexts } from './licences/texts.ts';

const { values } = parseArgs({
  options: {
    signatures: { type: 'string' },
    model: { type: 'string' },
    version: { type: 'string' },
    counter: { type: 'string' },
    signers: { type: 'string' },
    out: { type: 'string' },
    tar: { type: 'boolean', default: false },
  },
});

const USAGE =
  'SIGNATURES=folder or MODEL=name says what it brings, COUNTER is higher than that of the update before of its kind, UPDATE_VERSION is written as 2026.11.27';

try {
  await build();
} catch (error) {
  console.error(`update: ${(error as Error).message}`);
  process.exitCode = 1;
}

async function build(): Promise<void> {
  const { version, counter: typed = '' } = values;
  const counter = Number(typed);
  if ((values.signatures === undefined) === (values.model === undefined) || version === undefined)
    throw new Error(USAGE);
  if (!/^\d+$/.test(typed) || counter < 1) throw new Error(USAGE);
  const [updates, brought] = await broughtBy();
  const signers = values.signers === undefined ? await trialSigners() : broughtSigners(values.signers);
  const out = resolve(values.out ?? join(ROOT, '.cache/bundle', `frostbyte-${updates}-${version}`));
  const manifest = await writeBundle({
    inputs: [
      ...brought.inputs,
      ...signers.inputs,
      ...licenceTexts(judge(brought.shipped, readPolicy())),
      ...['README.txt', 'verify.sh'].map((name) => ({
        path: name,
        from: join(ROOT, name === 'verify.sh' ? 'host/bundle/verify.sh' : 'host/update/README.txt'),
        ...(name === 'verify.sh' ? { executable: true } : {}),
      })),
    ],
    about: {
      format: 1,
      product: 'frostbyte',
      version,
      updates,
      arch: readLock().arch,
      counter,
      built_at: Math.floor(Number(process.env.SOURCE_DATE_EPOCH ?? Date.now() / 1000)),
      upgrade_from: null,
      data_formats: {},
      requirements: requirements(),
      components: [brought.component],
      images: [],
    },
    out,
    sign: null,
  });
  if (signers.trialKey !== null) await signBundle(out, signers.trialKey);
  if (values.tar) await pipeline(tarBundle(out, manifest), createWriteStream(`${out}.tar`));
  report(out, manifest, signers.fingerprint);
}

async function broughtBy(): Promise<[UpdateKind, ReturnType<typeof lockedFolder>]> {
  if (values.signatures !== undefined) {
    return [
      'malware-signatures',
      lockedFolder('malware-signatures', 'signatures', values.signatures, '', signatureParts),
    ];
  }
  const model = (await models([])).find(({ component }) => component.name === values.model);
  if (model === undefined) throw new Error(`manifests/models.json knows no model ${values.model}`);
  if (!model.component.present) throw new Error(`${values.model} is not on this host: make models`);
  return ['models', model];
}

/** Of the release that it goes into: it is taken where that one runs. */
function requirements(): BundleManifest['requirements'] {
  return releaseFacts(release()).requirements;
}

function report(out: string, { files, counter }: BundleManifest, fingerprint: string | null): void {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  console.log(`update: ${out}`);
  console.log(`  ${files.length} files, ${(bytes / 2 ** 20).toFixed(1)} MiB, counter ${counter}`);
  console.log(
    fingerprint === null
      ? `  to be signed: make sign BUNDLE=${out} KEY=release.key`
      : `  signed with keys of this host, for a trial: ${fingerprint}`,
  );
}
