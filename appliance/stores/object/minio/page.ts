import { FrostbyteError } from '../../../kernel/errors.ts';

/** A page of a listing. */
export interface Page {
  /** `modified`: as the server writes it; most who list do not ask. */
  objects: { name: string; size: number; modified: string }[];
  /** What asks for the page after it, or empty where this is the last one. */
  next: string;
}

/** A page of all versions of all objects. */
export interface VersionPage {
  versions: { name: string; size: number }[];
  /** What asks for the page after it, or null where this is the last one. */
  next: { key: string; versionId: string } | null;
}

/** A page of the parts of an upload. */
export interface PartPage {
  sizes: number[];
  /** The number of the last part, or null where there is no page after this one. */
  next: number | null;
}

const ENTRY = /<Contents>(.*?)<\/Contents>/gs;
const VERSION = /<Version>(.*?)<\/Version>/gs;
const PART = /<Part>(.*?)<\/Part>/gs;
const IS_TRUNCATED = /<IsTruncated>true</;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * A page from the server's answer (ListObjectsV2 with URL encoding). The stock client builds a tree of every element for
 * it, which keeps the process for tens of milliseconds a thousand keys: as long again as the server takes. Throws
 * `STORE_UNAVAILABLE` for what is no such answer.
 */
export function parsePage(xml: string): Page {
  if (!/<ListBucketResult[\s>]/.test(xml)) throw unreadable();
  const objects = [...xml.matchAll(ENTRY)].map(([, entry]) => ({
    name: plain(element(entry!, 'Key')),
    size: whole(Number(element(entry!, 'Size'))),
    modified: element(entry!, 'LastModified'),
  }));
  const next = IS_TRUNCATED.test(xml) ? element(xml, 'NextContinuationToken') : '';
  return { objects, next };
}

/** The same of ListObjectVersions, marks of deletion left out: they hold nothing. */
export function parseVersionPage(xml: string): VersionPage {
  if (!/<ListVersionsResult[\s>]/.test(xml)) throw unreadable();
  const versions = [...xml.matchAll(VERSION)].map(([, entry]) => ({
    name: plain(element(entry!, 'Key')),
    size: whole(Number(element(entry!, 'Size'))),
  }));
  const next = IS_TRUNCATED.test(xml)
    ? { key: plain(element(xml, 'NextKeyMarker')), versionId: element(xml, 'NextVersionIdMarker') }
    : null;
  return { versions, next };
}

/** The same of ListParts. */
export function parsePartPage(xml: string): PartPage {
  if (!/<ListPartsResult[\s>]/.test(xml)) throw unreadable();
  const sizes = [...xml.matchAll(PART)].map(([, entry]) => whole(Number(element(entry!, 'Size'))));
  return { sizes, next: IS_TRUNCATED.test(xml) ? whole(Number(element(xml, 'NextPartNumberMarker'))) : null };
}

/** A key out of its URL encoding. */
function plain(encoded: string): string {
  return /[%+]/.test(encoded) ? decodeURIComponent(encoded.replaceAll('+', ' ')) : encoded;
}

/** The text of an element that holds no other. */
function element(xml: string, name: string): string {
  const from = xml.indexOf(`<${name}>`);
  const to = xml.indexOf(`</${name}>`, from);
  if (from < 0 || to < 0) throw unreadable();
  const text = xml.slice(from + name.length + 2, to);
  if (!text.includes('&')) return text;
  return text.replace(/&(?:(amp|lt|gt|quot|apos)|#(\d+)|#x([0-9a-f]+));/gi, (_, word, decimal, hex) =>
    word === undefined
      ? String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal))
      : ENTITIES[word.toLowerCase()]!,
  );
}

/** Milliseconds since 1970 of a time in an answer. Throws `STORE_UNAVAILABLE` for what is none. */
export function timeOf(text: string): number {
  return whole(Date.parse(text));
}

function whole(number: number): number {
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw unreadable();
}

function unreadable(): FrostbyteError {
  return new FrostbyteError('STORE_UNAVAILABLE', 'The object store answered a listing with something else.');
}
