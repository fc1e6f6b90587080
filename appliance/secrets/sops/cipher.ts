import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { changed } from './refusals.ts';
import { type SopsScalar, scalarBytes } from './tree.ts';

/** One value of a SOPS file: AES-256-GCM under the file's data key, bound to its place by the additional data. */

const IV_BYTES = 32;
const TAG_BYTES = 16;
/** Standard base64, with its padding and without line ends: a second spelling of a value is a changed file. */
const BASE64 = '((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)';
const SEALED = new RegExp(`^ENC\\[AES256_GCM,data:${BASE64},iv:${BASE64},tag:${BASE64},type:([a-z]+)\\]$`);

/** What a value was before it was encrypted. A `comment` is no value; a `time` stays the text it was. */
export type Opened = { type: 'value'; value: SopsScalar; bytes: Buffer } | { type: 'comment' };

/** The value as the file shows it. An empty text stays empty, as SOPS has it. */
export function sealValue(value: SopsScalar, key: Buffer, place: string): string {
  const plain = scalarBytes(value);
  if (plain.length === 0) return '';
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(place));
  const data = Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64');
  const [nonce, tag] = [iv.toString('base64'), cipher.getAuthTag().toString('base64')];
  return `ENC[AES256_GCM,data:${data},iv:${nonce},tag:${tag},type:${typeName(value)}]`;
}

/** Throws `OBJECT_CORRUPTED` where the text is no encrypted value, was changed, or stood at another place. */
export function openValue(text: string, key: Buffer, place: string): Opened {
  if (text === '') return { type: 'value', value: '', bytes: Buffer.alloc(0) };
  const [, data, iv, tag, type] = SEALED.exec(text) ?? [];
  if (data === undefined || iv === undefined || tag === undefined) throw changed();
  const [nonce, mark] = [Buffer.from(iv, 'base64'), Buffer.from(tag, 'base64')];
  if (nonce.length === 0 || mark.length !== TAG_BYTES) throw changed();
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(place));
  decipher.setAuthTag(mark);
  let bytes: Buffer;
  try {
    bytes = Buffer.concat([decipher.update(data, 'base64'), decipher.final()]);
  } catch (error) {
    throw changed(error);
  }
  if (type === 'comment') return { type: 'comment' };
  const value = typed(type, bytes.toString('utf8'));
  return { type: 'value', value, bytes: scalarBytes(value) };
}

function typeName(value: SopsScalar): string {
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'bigint' ? 'int' : 'float';
}

/** The type is not under the tag: what does not read as its type was changed. */
function typed(type: string | undefined, text: string): SopsScalar {
  if (type === 'str' || type === 'bytes' || type === 'time') return text;
  if (type === 'int' && /^[+-]?[0-9]+$/.test(text)) return BigInt(text);
  if (type === 'bool' && /^true$/i.test(text)) return true;
  if (type === 'bool' && /^false$/i.test(text)) return false;
  if (type === 'float') {
    if (/^[+-]?Inf$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
    if (text === 'NaN') return Number.NaN;
    if (/^[+-]?[0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?$/i.test(text)) return Number(text);
  }
  throw changed();
}
