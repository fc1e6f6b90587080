import { drainBody } from './body.ts';
import { BodyBroken, type Part, type PartSource } from './multipart.ts';

/** A batch that is its manifest alone, as JSON: one part, the whole body. */
export class ManifestAlone implements PartSource {
  readonly #source: AsyncIterator<Uint8Array>;
  #begun = false;
  #closed = false;

  constructor(source: AsyncIterator<Uint8Array>) {
    this.#source = source;
  }

  async next(): Promise<Part | null> {
    this.#closed = this.#begun;
    if (this.#begun) return null;
    this.#begun = true;
    return { name: 'manifest', filename: null, content: this.#content() };
  }

  get closed(): boolean {
    return this.#closed;
  }

  async drain(limit: number): Promise<void> {
    this.#closed = true;
    await drainBody(this.#source, limit);
  }

  async *#content(): AsyncGenerator<Buffer> {
    for (;;) {
      const step = await this.#source.next().catch((error: unknown) => {
        throw new BodyBroken('the body failed', { cause: error });
      });
      if (step.done) return;
      const { buffer, byteOffset, byteLength } = step.value;
      yield Buffer.from(buffer, byteOffset, byteLength);
    }
  }
}
