import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { hashThreads } from '../../bin/wire/hash-threads.ts';
import { bundledImages } from '../../bundle/build/oci-layout.ts';
import { applyDelta } from '../../bundle/delta/apply-delta.ts';
import { makeDelta } from '../../bundle/delta/make-delta.ts';
import { openLayoutBlob } from '../../bundle/format/oci-layout.ts';
import { listBundle } from '../../bundle/verify/listing.ts';
import { genuine } from '../../bundle/verify/verify-bundle.ts';
import { blobsToSend, loadImages } from '../../control/engine/images/load-images.ts';
import { openImageStore } from '../../control/engine/images/store.ts';
import { output } from '../context.ts';
import { table } from '../output.ts';
import { percent, trusting, trustOf, type VerifyFlags } from './bundle-flags.ts';

const SOCKET = '/var/run/docker.sock';
const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** `frostbyte bundle diff`, `apply-delta` and `load`. */
export function bundleDelta(bundle: Command): void {
  bundle
    .command('diff <older> <newer>')
    .description('Make a delta: the newer bundle without what the older one holds')
    .requiredOption('--out <folder>', 'the folder that the delta becomes; it must not exist yet')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte bundle diff frostbyte-1.2.2-linux-amd64 frostbyte-1.2.3-linux-amd64 --out delta',
    )
    .action((older: string, newer: string, { out }: { out: string }, command: Command) => {
      const delta = makeDelta(resolve(older), resolve(newer), resolve(out));
      output(command).answer(delta, ({ from, to, files, bytes, of_bytes }) => {
        const share = ((bytes / of_bytes) * 100).toFixed(1);
        return `${from} → ${to}: ${files} files, ${megabytes(bytes)}, ${share} % of ${megabytes(of_bytes)}`;
      });
    });

  const apply = bundle
    .command('apply-delta <delta>')
    .description(
      'Put the newer bundle together from a delta and the older one on this host, to install from; without --to only see whether it can be',
    )
    .requiredOption('--older <folder>', 'the older bundle, as it was verified and copied')
    .option('--engine <socket>', 'the container engine that is asked what of the images it lacks', SOCKET)
    .option('--lean', 'to load images from alone: without blobs that neither has and the engine needs no more');
  trusting(apply)
    .option('--to <folder>', 'where it is put together; it must not exist yet')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte bundle apply-delta /media/stick/delta --older /opt/frostbyte/releases/1.2.2 --to /opt/frostbyte/incoming',
    )
    .action(
      async (
        delta: string,
        flags: VerifyFlags & { older: string; engine: string; lean?: boolean },
        command: Command,
      ) => {
        const said = output(command);
        const bar = said.progress('putting together', 100);
        const target = flags.to === undefined ? null : resolve(flags.to);
        const hashers = hashThreads();
        try {
          const applied = await applyDelta(resolve(delta), {
            ...trustOf(flags),
            target,
            progress: (done, total) => bar.update(percent(done, total)),
            hashers,
            older: resolve(flags.older),
            needed: existsSync(flags.engine) ? (images) => blobsToSend(openImageStore(flags.engine), images) : null,
            lean: flags.lean ?? false,
          });
          const { version, counter } = applied.bundle;
          const { bytes, in_engine, to_send } = applied;
          said.answer({ version, counter, bytes, in_engine, to_send, target }, () => {
            const left = in_engine > 0 ? `, without ${in_engine} blobs that the engine needs no more` : '';
            return [
              target === null
                ? `Version ${version} can be put together here${left}.`
                : `Version ${version} is in ${target}: ${megabytes(bytes)}${left}.`,
              to_send === null ? 'No engine was asked.' : `The engine here lacks ${megabytes(to_send)} of its images.`,
              ...(target === null || flags.lean ? [] : [`Install it: sh ${target}/install.sh --upgrade`]),
            ].join('\n');
          });
        } finally {
          bar.end();
          await hashers.end();
        }
      },
    );

  const load = bundle
    .command('load <folder>')
    .description('Load the images of a bundle into the container engine: only what it lacks')
    .option('--engine <socket>', 'the container engine', SOCKET);
  trusting(load)
    .addHelpText('after', '\nExample:\n  frostbyte bundle load /opt/frostbyte/releases/1.2.3')
    .action(async (folder: string, flags: VerifyFlags & { engine: string }, command: Command) => {
      const said = output(command);
      const at = resolve(folder);
      const bar = said.progress('loading', 100);
      try {
        // Whom it is from; its blobs are held against its list while they are loaded.
        const { bundle: manifest } = genuine(listBundle(at).control, trustOf(flags));
        const loaded = await loadImages(
          openImageStore(flags.engine),
          bundledImages(at, manifest),
          openLayoutBlob(`${at}/images`),
          { progress: (done, total) => bar.update(percent(done, total)) },
        );
        said.answer({ images: loaded }, ({ images }) =>
          table([
            ['IMAGE', 'STATE', 'SENT'],
            ...images.map(({ reference, how, sent }) => [reference, how, megabytes(sent)]),
          ]),
        );
      } finally {
        bar.end();
      }
    });
}
