import { createHash, type Hash, randomBytes } from 'node:crypto';
import { Document, isScalar, parseAllDocuments, visit } from 'yaml';
import { sameDigest } from '../../kernel/digest.ts';
import { openValue, sealValue } from './cipher.ts';
import {
  DATA_KEY_BYTES,
  metadataTree,
  readMetadata,
  type SopsMetadata,
  unwrapDataKey,
  wrapDataKey,
} from './metadata.ts';
import { changed, notRead } from './refusals.ts';
import { encryptedPaths, type SopsRules } from './rules.ts';
import { mapTree, type SopsTree, type SopsValue, scalarBytes } from './tree.ts';

/**
 * SOPS files (https://getsops.io) with age recipients: a data key per file, wrapped to each recipient; each value under
 * AES-256-GCM with its path as additional data; a MAC over all values. The `sops` tool reads what is written here and the
 * other way round. Values live in memory only.
 */

/** The entry of a file that holds its metadata; no value may have this name. */
const METADATA = 'sops';
const LARGEST = 1 << 20;
/** What a MAC over encrypted values alone begins with, so that it never equals one over all (a constant of SOPS). */
const ONLY_ENCRYPTED = createHash('sha256').update('sops').digest();

export interface SealOptions {
  /** When it was written, ISO 8601. */
  at: string;
  rules?: SopsRules;
}

/** A YAML file with the tree for these recipients (`age1…`), under a data key of its own. */
export async function sealSops(tree: SopsTree, recipients: readonly string[], options: SealOptions): Promise<string> {
  if (recipients.length === 0) throw new TypeError('a SOPS file needs a recipient');
  if (tree.has(METADATA)) throw new TypeError(`a SOPS file cannot hold a value named ${METADATA}`);
  const key = randomBytes(DATA_KEY_BYTES);
  const rules = options.rules ?? { unencrypted_suffix: '_unencrypted' };
  const encrypted = encryptedPaths(rules);
  const hash = createHash('sha512');
  const sealed = mapTree(tree, (value, path) => {
    hash.update(scalarBytes(value));
    return encrypted(path) ? sealValue(value, key, placeOf(path)) : value;
  });
  const lastmodified = options.at.replace(/\.\d+Z$/, 'Z');
  const metadata = metadataTree({
    age: await wrapDataKey(key, recipients),
    lastmodified,
    mac: sealValue(digestOf(hash), key, lastmodified),
    rules,
    mac_only_encrypted: false,
  });
  key.fill(0);
  return yamlText(new Map([...sealed, [METADATA, metadata]]));
}

/** What every YAML reader takes for the text that it is; the reader of SOPS sees numbers and times in more than we do. */
const SURELY_TEXT = /^(?:ENC\[[^\n]*\]|(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z_][a-z0-9_-]*)$/i;

function yamlText(tree: SopsTree): string {
  const document = new Document(tree);
  visit(document, {
    Scalar: (_key, node) => {
      if (!isScalar<unknown>(node) || typeof node.value !== 'string') return;
      if (node.value.startsWith('-----BEGIN')) node.type = 'BLOCK_LITERAL';
      else if (!SURELY_TEXT.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ lineWidth: 0, indent: 4 });
}

/**
 * The tree of a file, YAML or JSON, with its MAC checked. Throws `KEY_UNAVAILABLE` when none of the identities
 * (`AGE-SECRET-KEY-1…`) opens it, `OBJECT_CORRUPTED` when anything was changed, and `VALIDATION_ERROR` naming what SOPS
 * can do and this cannot (key groups, rules over comments, several documents).
 */
export async function openSops(text: string, identities: readonly string[]): Promise<SopsTree> {
  const { tree, metadata } = parseSops(text);
  const key = await unwrapDataKey(metadata.age, identities);
  const encrypted = encryptedPaths(metadata.rules);
  const hash = createHash('sha512');
  if (metadata.mac_only_encrypted) hash.update(ONLY_ENCRYPTED);
  const opened = mapTree(tree, (value, path) => {
    if (!encrypted(path)) {
      if (!metadata.mac_only_encrypted) hash.update(scalarBytes(value));
      return value;
    }
    if (typeof value !== 'string') throw changed();
    const plain = openValue(value, key, placeOf(path));
    // Comments within lists come as elements.
    if (plain.type === 'comment') return undefined;
    hash.update(plain.bytes);
    return plain.value;
  });
  const mac = openValue(metadata.mac, key, metadata.lastmodified);
  key.fill(0);
  if (mac.type !== 'value' || !sameDigest(String(mac.value), digestOf(hash))) throw changed();
  return opened;
}

/** The recipients that a file names, without opening it. Throws `OBJECT_CORRUPTED`. */
export function sopsRecipients(text: string): string[] {
  return parseSops(text).metadata.age.map(({ recipient }) => recipient);
}

function parseSops(text: string): { tree: SopsTree; metadata: SopsMetadata } {
  const tree = parsed(text);
  const metadata = readMetadata(tree.get(METADATA));
  tree.delete(METADATA);
  return { tree, metadata };
}

/** JSON is read as the YAML that it also is, which keeps the order of names and whole numbers whole. */
function parsed(text: string): SopsTree {
  if (text.length > LARGEST) throw changed();
  const documents = parseAllDocuments(text, { schema: 'core', intAsBigInt: true, logLevel: 'silent' });
  if (!Array.isArray(documents) || documents.length === 0) throw changed();
  if (documents.length > 1) throw notRead('several documents', 'Keep one document a file.');
  const [document] = documents;
  if (document === undefined || document.errors.length > 0 || document.warnings.length > 0) throw changed();
  let content: unknown;
  try {
    content = document.toJS({ mapAsMap: true, maxAliasCount: 0 });
  } catch (error) {
    throw changed(error);
  }
  if (!(content instanceof Map)) throw changed();
  return checkedTree(content);
}

function checkedTree(content: Map<unknown, unknown>): SopsTree {
  return new Map(
    [...content].map(([key, value]) => {
      if (typeof key !== 'string') throw changed();
      return [key, checkedValue(value)];
    }),
  );
}

function checkedValue(value: unknown): SopsValue {
  if (value instanceof Map) return checkedTree(value);
  if (Array.isArray(value)) return value.map(checkedValue);
  // What does not fit 64 bits is a float to SOPS.
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? value : Number(value);
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  throw changed();
}

/** A value's place, to which its ciphertext is bound. */
function placeOf(path: readonly string[]): string {
  return `${path.join(':')}:`;
}

function digestOf(hash: Hash): string {
  return hash.digest('hex').toUpperCase();
}
