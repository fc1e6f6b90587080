import { createWriteStream, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { signBundle } from '../../bundle/build/sign-bundle.ts';
import { tarBundle } from '../../bundle/build/tar-bundle.ts';
import { writeBundle } from '../../bundle/build/write-bundle.ts';
import { BundleManifest } from '../../bundle/format/manifest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { output } from '../context.ts';

/** What goes into a bundle: files by their places, and all that is said of them. `make bundle` writes one. */
const Contents = z.strictObject({
  inputs: z.array(z.strictObject({ path: z.string(), from: z.string(), executable: z.boolean().optional() })).min(1),
  about: BundleManifest.omit({ files: true, joined: true }),
});

/** `frostbyte bundle build`. */
export function bundleBuild(bundle: Command): void {
  bundle
    .command('build <contents>')
    .description('Build a bundle from a list of its contents; the same list and files give the same bytes')
    .requiredOption('--out <folder>', 'the folder that the bundle becomes; it must not exist yet')
    .option('--key <file>', 'sign it with this release key (else: bundle sign)')
    .option('--tar <file>', 'write it as a tar too')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte bundle build contents.json --out frostbyte-1.2.3-linux-amd64 --key release.key',
    )
    .action(async (list: string, flags: { out: string; key?: string; tar?: string }, command: Command) => {
      const out = resolve(flags.out);
      const { inputs, about } = readContents(list);
      const base = dirname(resolve(list));
      const manifest = await writeBundle({
        inputs: inputs.map(({ path, from, executable = false }) => ({ path, from: resolve(base, from), executable })),
        about,
        out,
        sign: null,
      });
      if (flags.key !== undefined) await signBundle(out, flags.key);
      if (flags.tar !== undefined)
        await pipeline(tarBundle(out, manifest), createWriteStream(flags.tar, { flags: 'wx' }));
      const answer = { path: out, files: manifest.files.length, signed: flags.key !== undefined };
      output(command).answer(answer, ({ path, files, signed }) => {
        return `${path}: ${files} files, ${signed ? 'signed' : 'not signed yet'}`;
      });
    });
}

function readContents(file: string): z.infer<typeof Contents> {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new FrostbyteError('VALIDATION_ERROR', `${file} cannot be read as JSON.`, {
      cause,
      details: [{ field: 'contents', value: file, constraint: 'JSON' }],
    });
  }
  const parsed = Contents.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new FrostbyteError('VALIDATION_ERROR', `${file} is no list of a bundle’s contents.`, {
    details: parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), constraint: message })),
  });
}
