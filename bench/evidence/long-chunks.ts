import { random } from '../support.ts';
import type { Text } from './collection.ts';

/** Texts in one chunk, where it is measured what long chunks change. */
export const TEXTS_IN_A_LONG_CHUNK = 5;

/** Texts put together in an order that has nothing to do with what they say. */
export function longChunks(texts: readonly Text[]): Text[] {
  const next = random(5);
  const mixed = texts.map((text) => ({ text, place: next() })).sort((a, b) => a.place - b.place);
  const chunks: Text[] = [];
  for (let at = 0; at < mixed.length; at += TEXTS_IN_A_LONG_CHUNK) {
    const group = mixed.slice(at, at + TEXTS_IN_A_LONG_CHUNK).map(({ text }) => text);
    chunks.push({ id: group.map(({ id }) => id).join('+'), text: group.map(({ text }) => text).join('\n\n') });
  }
  return chunks;
}
