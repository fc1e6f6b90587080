import { createReadStream, statSync } from 'node:fs';
import { TarStream } from '../../../bundle/backup/tar-stream.ts';
import type { Write } from '../../../bundle/backup/write-tar.ts';
import { AgeWriter } from '../../../secrets/age-file.ts';

/** A tar inside an age file, as a stream: one part of a backup. `age -d -i KEY PART | tar -x` opens it. */
export class SealedPart extends TarStream {
  readonly #age: AgeWriter;
  readonly #out: Write;

  private constructor(age: AgeWriter, write: Write) {
    super(async (bytes) => {
      for (const sealed of age.push(bytes)) await write(sealed);
    });
    this.#age = age;
    this.#out = write;
  }

  static async begin(recipient: string, write: Write): Promise<SealedPart> {
    return new SealedPart(await AgeWriter.start([recipient]), write);
  }

  /** Adds a file of the disk that nobody changes meanwhile. */
  addFile(path: string, file: string): Promise<void> {
    return this.add(path, statSync(file).size, createReadStream(file, { highWaterMark: 1 << 20 }));
  }

  override async end(): Promise<void> {
    await super.end();
    for (const sealed of this.#age.end()) await this.#out(sealed);
  }
}

/** A file as one age file. */
export async function sealFile(recipient: string, file: string, write: Write): Promise<void> {
  const age = await AgeWriter.start([recipient]);
  for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20 }))
    for (const sealed of age.push(bytes as Buffer)) await write(sealed);
  for (const sealed of age.end()) await write(sealed);
}
