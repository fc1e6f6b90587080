import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { tarBundle } from '../appliance/bundle/build/tar-bundle.ts';
import { writeBundle } from '../appliance/bundle/build/write-bundle.ts';
import { signerFiles } from '../appliance/bundle/build/write-signers.ts';
import { type BundleManifest, MOST_FILES } from '../appliance/bundle/format/manifest.ts';
import { publicLine, publicOf } from '../appliance/bundle/sshsig/keys.ts';
import { signMessage } from '../appliance/bundle/sshsig/signature.ts';
import { ABOUT, newKey } from '../test/support/bundle-world.ts';
import { atLeast, atMost } from './bounds.ts';
import { median, memoryMiB } from './support.ts';

/** As large as a bundle with models, and as many files; each in one part. */
const [FILES, FILE_MIB] = [6, 512];
const [SMALL_FILES, SMALL_FILE_MIB] = [400, 1];
const ROUNDS = 3;
/** As many as a bundle may name, less those of its signers, by names so long that its lists just may be read. */
const MANY = MOST_FILES - 10;
const LONG_NAME = 180;
/** What is promised on two cores, of the time that one core needs to hash the same bytes; and MiB at most, which are 150 MB. */
const [BOUND, BOUND_MIB] = [1.6, 150e6 / 2 ** 20];
const FROSTBYTE = resolve(import.meta.dirname, '../dist/frostbyte');

/**
 * Verifying a bundle whose bytes the host remembers, by the program that ships, beside OpenSSL's hash of the same files on
 * one core, in turns; the most memory that it took, of each form in which a bundle comes; and the same by the script for hosts without our programs.
 */
export async function measure(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-bench-'));
  try {
    const { path, anchor, files, manifest } = await bundleOf(folder, [
      ...Array<number>(FILES).fill(FILE_MIB << 20),
      ...Array<number>(SMALL_FILES).fill(SMALL_FILE_MIB << 20),
    ]);
    const times = { openssl: [] as number[], verify: [] as number[], script: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      times.openssl.push(
        seconds(() =>
          execFileSync('taskset', ['--cpu-list', '0', 'openssl', 'dgst', '-sha256', ...files], { stdio: 'ignore' }),
        ),
      );
      times.verify.push(seconds(() => execFileSync(FROSTBYTE, verifying(path, anchor), { stdio: 'ignore' })));
    }
    const most = await memoryOf(verifying(path, anchor));
    const [copy, tar] = [join(folder, 'copy'), join(folder, 'bundle.tar')];
    const copying = await memoryOf([...verifying(path, anchor), '--to', copy]);
    rmSync(copy, { recursive: true });
    await pipeline(tarBundle(path, manifest), createWriteStream(tar));
    const ofTar = await memoryOf(verifying(tar, anchor));
    const ofInput = await memoryOf([...verifying('-', anchor), '--to', copy], tar);
    times.script.push(seconds(() => script(path, anchor)));
    const many = join(folder, 'many');
    mkdirSync(many);
    const large = await bundleOf(many, Array<number>(MANY).fill(100), LONG_NAME);
    const largeTar = join(folder, 'many.tar');
    await pipeline(tarBundle(large.path, large.manifest), createWriteStream(largeTar));
    const ofMany = [
      await memoryOf([...verifying(large.path, large.anchor), '--to', join(folder, 'many-copy')]),
      await memoryOf([...verifying(largeTar, large.anchor), '--to', join(folder, 'many-tar')]),
      await memoryOf([...verifying('-', large.anchor), '--to', join(folder, 'many-input')], largeTar),
    ];
    const [one, ours] = [median(times.openssl), median(times.verify)];
    const ratio = one / ours;
    const gib = (FILES * FILE_MIB + SMALL_FILES * SMALL_FILE_MIB) / 1024;
    return [
      `openssl dgst -sha256, one core      ${one.toFixed(2)} s for ${gib.toFixed(1)} GiB, ${(gib / one).toFixed(2)} GiB/s`,
      `bundle verify                       ${ours.toFixed(2)} s, ${ratio.toFixed(2)} × as fast; ${atLeast('bundle verify, of one core hashing', ratio, BOUND)}`,
      `its memory at most                  ${most.toFixed(0)} MiB; ${atMost('memory of bundle verify, MiB', most, BOUND_MIB)}`,
      `  copying what it verified (--to)   ${copying.toFixed(0)} MiB; ${atMost('memory of bundle verify --to, MiB', copying, BOUND_MIB)}`,
      `  of a tar                          ${ofTar.toFixed(0)} MiB; ${atMost('memory of bundle verify, of a tar, MiB', ofTar, BOUND_MIB)}`,
      `  of standard input, copying it     ${ofInput.toFixed(0)} MiB; ${atMost('memory of bundle verify -, MiB', ofInput, BOUND_MIB)}`,
      `  of ${MANY} small files, copying     ${ofMany.map((mib) => mib.toFixed(0)).join(', ')} MiB (folder, tar, standard input); ${atMost('memory of bundle verify, of many files, MiB', Math.max(...ofMany), BOUND_MIB)}`,
      `verify.sh, with sha256sum           ${times.script[0]!.toFixed(2)} s`,
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A bundle of files of these sizes in bytes, in a folder of its own below `folder`. */
async function bundleOf(
  folder: string,
  sizes: readonly number[],
  nameLength = 0,
): Promise<{ path: string; anchor: string; files: string[]; manifest: BundleManifest }> {
  const [root, release] = [newKey(), newKey()];
  const piece = Buffer.allocUnsafe(2 ** 20);
  const inputs = sizes.map((size, at) => {
    const from = join(folder, `input-${at}`);
    const fd = openSync(from, 'wx');
    for (let left = size; left > 0; left -= piece.length)
      writeSync(fd, randomFillSync(piece, 0, Math.min(left, piece.length)), 0, Math.min(left, piece.length));
    closeSync(fd);
    // Names of a folder and a file have a length of their own that they may have.
    return { path: join('models', 'x'.repeat(nameLength / 2), `part-${at}`.padEnd(nameLength / 2, 'x')), from };
  });
  const signers = await signerFiles(
    {
      serial: 1,
      none_before: null,
      signers: [{ key: publicOf(release), comment: 'release', valid_after: null, valid_before: null }],
      revocations: [],
    },
    { key: publicOf(root), sign: async (text, namespace) => signMessage(Buffer.from(text), root, namespace) },
  );
  const path = join(folder, 'bundle');
  const manifest = await writeBundle({
    inputs: [...inputs, ...signers],
    about: ABOUT,
    out: path,
    sign: async (text, namespace) => signMessage(Buffer.from(text), release, namespace),
  });
  for (const { from } of inputs) rmSync(from);
  // What the host still writes out would be measured with it.
  execFileSync('sync');
  const anchor = join(folder, 'allowed_signers');
  writeFileSync(anchor, `frostbyte-root ${publicLine(publicOf(root))}\n`);
  return { path, anchor, files: inputs.map((input) => join(path, input.path)), manifest };
}

function verifying(path: string, anchor: string): string[] {
  return ['bundle', 'verify', path, '--anchor', anchor];
}

/** Runs it once more, looked at all the time, which costs it time; answers the most memory that it was seen to take, in MiB. `input`: a file for its standard input. */
async function memoryOf(words: readonly string[], input?: string): Promise<number> {
  const from = input === undefined ? null : openSync(input, 'r');
  const child = spawn(FROSTBYTE, words, { stdio: [from ?? 'ignore', 'ignore', 'ignore'] });
  if (from !== null) closeSync(from);
  let most = 0;
  const looking = setInterval(() => {
    try {
      // One that is ending has no memory any more.
      most = Math.max(most, memoryMiB(child.pid!, 'VmHWM') || 0);
    } catch {
      // It has ended.
    }
  }, 20);
  const code = await new Promise((done) => child.once('close', done));
  clearInterval(looking);
  if (code !== 0) throw new Error(`bundle verify ended with ${code}`);
  return most;
}

function script(path: string, anchor: string): void {
  const { status, stderr } = spawnSync(
    'sh',
    [resolve(import.meta.dirname, '../host/bundle/verify.sh'), '--anchor', anchor, path],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`verify.sh ended with ${status}: ${stderr}`);
}

function seconds(work: () => unknown): number {
  const began = performance.now();
  work();
  return (performance.now() - began) / 1000;
}
