import { createHash } from 'node:crypto';
import { canonicalJson } from '../../kernel/canonical-json.ts';

/** One file of a support bundle, redacted. */
export interface Part {
  path: string;
  content: Buffer;
  /** Whether only its end is there, since it was longer. */
  cut: boolean;
}

export interface Missing {
  path: string;
  why: string;
}

export interface About {
  made_at: string;
  version: string | null;
  mode: string;
}

/** Of each file so much, from its end. */
export const MOST_PART_BYTES = 1 << 20;
/** Of all of them. */
export const MOST_BYTES = 24 << 20;

/** The last lines of a text that fit. */
export function tailOf(text: string, most = MOST_PART_BYTES): { content: Buffer; cut: boolean } {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return { content: bytes, cut: false };
  const from = bytes.indexOf(0x0a, bytes.length - most) + 1;
  return { content: from === 0 ? Buffer.alloc(0) : bytes.subarray(from), cut: true };
}

/** All files in their order, with the list of them and their hashes; those that are too much are missing, and say so. */
export function withManifest(parts: readonly Part[], missing: readonly Missing[], about: About): Part[] {
  const kept: Part[] = [];
  const left: Missing[] = [...missing];
  let bytes = 0;
  for (const part of parts.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    if (bytes + part.content.length > MOST_BYTES) left.push({ path: part.path, why: 'there was no room left' });
    else {
      bytes += part.content.length;
      kept.push(part);
    }
  }
  const manifest = {
    format: 1,
    ...about,
    files: kept.map(({ path, content, cut }) => ({ path, size: content.length, sha256: sha256(content), cut })),
    missing: left.toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  };
  const listed = [...kept, plain('MANIFEST.json', `${canonicalJson(manifest)}\n`), plain('README.txt', README)];
  const sums = listed
    .map(({ path, content }) => `${sha256(content)}  ${path}\n`)
    .sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1));
  return [...listed, plain('SHA256SUMS', sums.join(''))].sort((a, b) => (a.path < b.path ? -1 : 1));
}

const plain = (path: string, text: string): Part => ({ path, content: Buffer.from(text), cut: false });
const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

const README = `What this appliance said of itself, for whoever helps. MANIFEST.json lists every file and what is missing;
sha256sum -c SHA256SUMS checks them.

Nothing of documents, no names of files or people, no secrets: of logs each word is here because it is on a list of words that say
nothing of them, or is a number, a time, an id. Every other word is a ▒.
`;
