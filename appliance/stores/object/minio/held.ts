import type { Bucket } from './bucket.ts';

/** Uploads that the server tells of at most, and more than anybody of ours has open. */
const MOST_UPLOADS = 1000;

/**
 * What lies in a bucket on its server's disk, in bytes, by what its keys begin with up to the first slash: every version of
 * every object, and the parts of uploads that were begun and not ended. Infinite where there are more of these than can be
 * told. O(versions).
 */
export async function heldBytes(bucket: Bucket): Promise<Map<string, number>> {
  const held = new Map<string, number>();
  const add = (key: string, bytes: number) => {
    const first = key.slice(0, key.indexOf('/') + 1);
    held.set(first, (held.get(first) ?? 0) + bytes);
  };
  for await (const { name, size } of bucket.everyVersion()) add(name, size);
  const uploads = await bucket.uploads('');
  if (uploads.length >= MOST_UPLOADS) add('', Number.POSITIVE_INFINITY);
  else for (const upload of uploads) add(upload.key, await bucket.partBytes(upload));
  return held;
}
