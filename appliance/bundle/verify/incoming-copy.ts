import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFolder, syncTree } from '../../kernel/durable-file.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Control } from '../format/control-files.ts';
import type { BundleFile, BundleManifest } from '../format/manifest.ts';

/** A copy that is being made: under a name of its own until everything held. */
export class IncomingCopy {
  readonly #target: string;
  readonly #folder: string;
  readonly #bundle: BundleManifest;
  readonly #places = new Map<string, { file: string; offset: number }>();
  readonly #isJoined: boolean;
  #isKept = false;

  /** `isJoined`: parts become their wholes, as a release is used; else they stay parts, as on a medium. */
  constructor(target: string, bundle: BundleManifest, { isJoined = true } = {}) {
    this.#target = target;
    this.#isJoined = isJoined;
    this.#folder = `${target}.incoming`;
    this.#bundle = bundle;
    if (existsSync(target)) {
      throw new FrostbyteError('VALIDATION_ERROR', `There is something at ${target} already.`, {
        details: [{ field: 'target', value: target, constraint: 'not there yet' }],
      });
    }
    // What an earlier try left was never verified as a whole.
    rmSync(this.#folder, { recursive: true, force: true });
    refuseWithoutRoom(dirname(target), bundle);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#make();
  }

  /** Where the bytes of a listed file go: a part goes into its whole, where those are joined. */
  placeOf({ path }: BundleFile): { file: string; offset: number } {
    return this.#places.get(path)!;
  }

  /** Everything held: the control files follow, and the copy gets its name. */
  keep(control: Control): void {
    for (const [path, bytes] of control) {
      const file = join(this.#folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes, { flush: true });
    }
    for (const { path, executable } of this.#bundle.files) if (executable) chmodSync(join(this.#folder, path), 0o755);
    syncTree(this.#folder);
    renameSync(this.#folder, this.#target);
    syncFolder(dirname(this.#target));
    this.#isKept = true;
  }

  /** Takes away what was not kept. */
  end(): void {
    if (!this.#isKept) rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Every file, of its size, and empty. */
  #make(): void {
    const joined = this.#isJoined ? this.#bundle.joined : [];
    const parts = new Set(joined.flatMap((whole) => whole.parts));
    for (const { path, size } of this.#bundle.files) {
      if (parts.has(path)) continue;
      this.#places.set(path, { file: this.#file(path, size), offset: 0 });
    }
    const sizes = new Map(this.#bundle.files.map(({ path, size }) => [path, size]));
    for (const whole of joined) {
      const file = this.#file(whole.path, whole.size);
      let offset = 0;
      for (const part of whole.parts) {
        this.#places.set(part, { file, offset });
        offset += sizes.get(part)!;
      }
    }
  }

  #file(path: string, size: number): string {
    const file = join(this.#folder, path);
    mkdirSync(dirname(file), { recursive: true });
    const fd = openSync(file, 'wx', 0o644);
    try {
      ftruncateSync(fd, size);
    } finally {
      closeSync(fd);
    }
    return file;
  }
}

function refuseWithoutRoom(folder: string, { files }: BundleManifest): void {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  const needed = files.reduce((sum, { size }) => sum + Math.ceil(size / bsize) * bsize, 0);
  if (needed <= bavail * bsize) return;
  throw new FrostbyteError('DISK_FULL', `There is no room for the bundle at ${folder}.`, {
    details: [{ field: 'target', value: folder, constraint: `${needed} bytes free; there are ${bavail * bsize}` }],
  });
}
