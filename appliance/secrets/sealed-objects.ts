import type { Readable } from 'node:stream';
import { FrostbyteError } from '../kernel/errors.ts';
import { giveBack } from '../kernel/give-back.ts';
import { Turns } from '../kernel/turns.ts';
import { DEFAULT_READ, type ObjectDraft, type ObjectStore } from '../stores/object/port.ts';
import { AgeWriter, open, openStream, plainSize, seal, sealedSize } from './age-file.ts';
import type { StorageKeys } from './port.ts';
import { resealObject } from './reseal-object.ts';

/** Sealed bytes that `putAll` holds at a time. */
const GROUP_BYTES = 16 << 20;

/**
 * An object store in which every object is an age file for the tenant's storage identity (spec 3, "Documents at rest").
 * Callers see plaintext and its sizes, `usage` counts what the disk holds. `keys` is asked for every object, so that a
 * rotation takes effect with the next one. Reading throws `KEY_UNAVAILABLE` or `OBJECT_CORRUPTED` beside what `store`
 * throws; a stream that was cut fails at its end. `turns` are shared by all who delete or reseal objects of the tenant.
 */
export function sealObjects(
  store: ObjectStore,
  keys: () => Promise<StorageKeys>,
  turns: Turns = new Turns(),
): ObjectStore {
  /**
   * Keys may change between the sealing of an object and its commit. One for a key that was followed by another is sealed
   * anew; one for a key that is gone was lost with it, and must not stand.
   */
  const settle = async (objectKeys: readonly string[], recipient: string): Promise<void> => {
    const now = await keys();
    if (now.recipient === recipient) return;
    if (now.recipients.includes(recipient)) {
      for (const key of objectKeys) await resealObject(store, now, turns, key);
      return;
    }
    for (const key of objectKeys) await turns.take(key, () => store.delete(key));
    throw new FrostbyteError('KEY_UNAVAILABLE', 'The storage key was purged meanwhile. Send it again.', {
      kind: 'later',
    });
  };
  return {
    async begin() {
      const { recipient } = await keys();
      const writer = await AgeWriter.start([recipient]);
      return new SealedDraft(await store.begin(), writer, (key) => settle([key], recipient));
    },
    async put(key, bytes) {
      const { recipient } = await keys();
      await store.put(key, await seal([recipient], bytes));
      await settle([key], recipient);
    },
    async putAll(entries) {
      const { recipient } = await keys();
      const stored: string[] = [];
      let group: { key: string; bytes: Uint8Array }[] = [];
      let held = 0;
      for (const { key, bytes } of entries) {
        group.push({ key, bytes: await seal([recipient], bytes) });
        stored.push(key);
        held += bytes.byteLength;
        if (held < GROUP_BYTES) continue;
        await store.putAll(group);
        group = [];
        held = 0;
      }
      if (group.length > 0) await store.putAll(group);
      await settle(stored, recipient);
    },
    async get(key): Promise<Readable> {
      const { identities } = await keys();
      return openStream(identities, await store.get(key));
    },
    async read(key, maxBytes = DEFAULT_READ) {
      const { identities } = await keys();
      const plain = await open(identities, await store.read(key, sealedSize(maxBytes)));
      if (plain.byteLength <= maxBytes) return plain;
      throw new FrostbyteError('OBJECT_CORRUPTED', 'The object is larger than anything that belongs under this key.');
    },
    async size(key) {
      const size = await store.size(key);
      return size === null ? null : plainSize(size);
    },
    async *list(prefix) {
      for await (const { key, size } of store.list(prefix)) yield { key, size: listedSize(size) };
    },
    delete: (key) => turns.take(key, () => store.delete(key)),
    sweepDrafts: (olderThanMs) => store.sweepDrafts(olderThanMs),
    usage: () => store.usage(),
    room: () => store.room(),
    check: () => store.check(),
    close: () => store.close(),
  };
}

/** Of a file that is no age file of ours the size on disk: one damaged object must not end a listing of all. */
function listedSize(sealed: number): number {
  try {
    return plainSize(sealed);
  } catch {
    return sealed;
  }
}

class SealedDraft implements ObjectDraft {
  readonly #draft: ObjectDraft;
  /** Gone once the file's last chunk is sealed: it holds 64 KiB and the key. */
  #writer: AgeWriter | null;
  readonly #settle: (key: string) => Promise<void>;

  constructor(draft: ObjectDraft, writer: AgeWriter, settle: (key: string) => Promise<void>) {
    this.#draft = draft;
    this.#writer = writer;
    this.#settle = settle;
  }

  async write(chunk: Uint8Array, done?: (chunk: Uint8Array) => void): Promise<void> {
    if (this.#writer === null) throw new FrostbyteError('INTERNAL_ERROR', 'A draft was used after its end.');
    for (const sealed of this.#writer.push(chunk)) await this.#draft.write(sealed, giveBack);
    done?.(chunk);
  }

  async end(): Promise<void> {
    const writer = this.#writer;
    if (writer === null) return;
    this.#writer = null;
    for (const sealed of writer.end()) await this.#draft.write(sealed, giveBack);
    await this.#draft.end();
  }

  async commit(key: string): Promise<void> {
    await this.end();
    await this.#draft.commit(key);
    await this.#settle(key);
  }

  async abort(): Promise<void> {
    this.#writer = null;
    await this.#draft.abort();
  }
}
