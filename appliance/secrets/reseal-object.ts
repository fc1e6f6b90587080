import { isFrostbyteError } from '../kernel/errors.ts';
import { giveBack } from '../kernel/give-back.ts';
import type { Turns } from '../kernel/turns.ts';
import type { ObjectStore } from '../stores/object/port.ts';
import { AgeWriter, openStream } from './age-file.ts';
import { headerLength, NONCE_BYTES, openHeader } from './age-header.ts';
import type { StorageKeys } from './port.ts';

/** `gone`: it was deleted meanwhile. `current`: the newest storage identity opens it already. */
export type Resealed = 'moved' | 'current' | 'gone';

/**
 * Seals an object anew for the newest storage identity, as a stream. A reader sees the old or the new; an object that is
 * deleted meanwhile stays deleted, as `store` and whoever deletes share `turns`. Object names come from their content, so
 * nobody writes other content under the same name. Throws `KEY_UNAVAILABLE`, `OBJECT_CORRUPTED`, and then the old stands.
 */
export async function resealObject(
  store: ObjectStore,
  keys: StorageKeys,
  turns: Turns,
  key: string,
): Promise<Resealed> {
  const newest = keys.identities.slice(0, 1);
  try {
    if (await opensWith(store, newest, key)) return 'current';
    const plain = openStream(keys.identities, await store.get(key));
    const writer = await AgeWriter.start([keys.recipient]);
    const draft = await store.begin();
    try {
      for await (const chunk of plain) {
        for (const sealed of writer.push(chunk as Buffer)) await draft.write(sealed, giveBack);
      }
      for (const sealed of writer.end()) await draft.write(sealed, giveBack);
      await draft.end();
      return await turns.take(key, async () => {
        if ((await store.size(key)) === null) return 'gone';
        await draft.commit(key);
        return 'moved';
      });
    } finally {
      await draft.abort();
    }
  } catch (error) {
    if (isFrostbyteError(error, 'OBJECT_MISSING')) return 'gone';
    throw error;
  }
}

/**
 * Whether one of these identities opens an object; reads its header alone. Throws `OBJECT_MISSING`, and
 * `OBJECT_CORRUPTED` for what is no age file.
 */
export async function opensWith(store: ObjectStore, identities: readonly string[], key: string): Promise<boolean> {
  const stream = await store.get(key);
  let head: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of stream) {
      head = Buffer.concat([head, chunk as Buffer]);
      const length = headerLength(head);
      if (length === null || head.length < length + NONCE_BYTES) continue;
      await openHeader(identities, head.subarray(0, length), head.subarray(length, length + NONCE_BYTES));
      return true;
    }
    // Cut within its header: not even the header's error can be told from it.
    await openHeader(identities, head, Buffer.alloc(NONCE_BYTES));
    return true;
  } catch (error) {
    if (isFrostbyteError(error, 'KEY_UNAVAILABLE')) return false;
    throw error;
  } finally {
    stream.destroy();
  }
}
