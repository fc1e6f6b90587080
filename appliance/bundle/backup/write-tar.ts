import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { diskError } from '../../kernel/durable-file.ts';
import { paddingOf, TAR_END } from '../format/tar.ts';
import { FIXED_HEADER_BYTES, fixedHeader } from './entry-header.ts';
import type { BackupEntry } from './manifest.ts';

/** Takes bytes; resolves when more may come. */
export type Write = (bytes: Uint8Array) => Promise<void>;

/**
 * A tar that grows entry by entry, whose sizes are known only when they are written: each header is put in place then. Throws
 * as `diskError`.
 */
export class TarFileWriter {
  readonly #file: string;
  readonly #handle: FileHandle;
  #at = 0;

  private constructor(file: string, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  /** Begins the file anew, mode 0600; what a killed process left under the name goes. */
  static async begin(file: string): Promise<TarFileWriter> {
    const { O_RDWR, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
    const handle = await open(file, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600).catch((error: unknown) => {
      throw diskError(error, file);
    });
    return new TarFileWriter(file, handle);
  }

  /** Adds an entry of whatever `fill` writes. Where that throws, the file is as it was before. */
  async entry(path: string, fill: (write: Write) => Promise<void>): Promise<BackupEntry> {
    const start = this.#at;
    const hash = createHash('sha256');
    let size = 0;
    try {
      this.#at += FIXED_HEADER_BYTES;
      await fill(async (bytes) => {
        hash.update(bytes);
        size += bytes.byteLength;
        await this.#write(bytes, this.#at);
        this.#at += bytes.byteLength;
      });
      const padding = Buffer.alloc(paddingOf(size));
      await this.#write(padding, this.#at);
      this.#at += padding.length;
      await this.#write(fixedHeader({ path, size }), start);
      return { path, size, sha256: hash.digest('hex') };
    } catch (error) {
      this.#at = start;
      await this.#handle.truncate(start);
      throw error;
    }
  }

  /** Ends the tar, has it on the disk, reads it again and answers its size and SHA-256 as it lies there. */
  async end(): Promise<{ size: number; sha256: string }> {
    await this.#write(TAR_END, this.#at);
    this.#at += TAR_END.length;
    await this.#handle.sync().catch((error: unknown) => {
      throw diskError(error, this.#file);
    });
    const hash = createHash('sha256');
    const piece = Buffer.allocUnsafe(1 << 20);
    for (let at = 0; at < this.#at; ) {
      const { bytesRead } = await this.#handle.read(piece, 0, piece.length, at);
      if (bytesRead === 0) break;
      hash.update(piece.subarray(0, bytesRead));
      at += bytesRead;
    }
    return { size: this.#at, sha256: hash.digest('hex') };
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #write(bytes: Uint8Array, position: number): Promise<void> {
    try {
      for (let done = 0; done < bytes.byteLength; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.byteLength - done, position + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw diskError(error, this.#file);
    }
  }
}
