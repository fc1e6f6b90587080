import type { ReadLimits } from '../layout.ts';
import { corrupted, encrypted, unsupported } from './refusals.ts';
import { childElements, readTree, type XmlElement } from './tree.ts';
import { openZip } from './zip.ts';

export interface Relationship {
  id: string;
  /** The last segment of the type's URI, e.g. `styles`, `footnotes`, `hyperlink`: equal in transitional and strict. */
  type: string;
  /** The part's name without a leading slash, or the address as written when `external`. */
  target: string;
  external: boolean;
}

/** An opened Office package (OPC, ECMA-376 part 2). */
export interface OfficePackage {
  /** Name of the main part. */
  main: string;
  names: string[];
  has(name: string): boolean;
  open(name: string): AsyncIterable<Uint8Array>;
  /** A part as one element. */
  tree(name: string): Promise<XmlElement>;
  relationships(part: string): Promise<Relationship[]>;
  contentType(part: string): string | undefined;
}

/** What a reader accepts as its main part: the content type must hold this word. */
export type OfficeKind = 'wordprocessingml' | 'spreadsheetml';

const CFB_MAGIC = Buffer.from('d0cf11e0a1b11ae1', 'hex');

/**
 * Opens an Office package of one kind. Throws `FILE_ENCRYPTED` for a password-protected file (an OLE container that
 * holds an encrypted package), `UNSUPPORTED_FORMAT` for legacy binary, macro-enabled and other kinds of Office files,
 * `FILE_CORRUPTED` for the rest that cannot be read.
 */
export async function openPackage(bytes: Uint8Array, kind: OfficeKind, limits: ReadLimits): Promise<OfficePackage> {
  refuseContainers(bytes);
  const zip = await openZip(bytes, limits);
  const tree = (name: string) => readTree(zip.open(name), limits);
  const types = await readContentTypes(await tree('[Content_Types].xml'));
  const relationships = async (part: string) => {
    const name = relationshipsPart(part);
    return zip.has(name) ? readRelationships(await tree(name), part) : [];
  };
  const main = (await relationships('')).find((item) => item.type === 'officeDocument' && !item.external)?.target;
  if (main === undefined || !zip.has(main)) throw corrupted('it has no main part');
  const mainType = types(main) ?? '';
  if (/macroEnabled/i.test(mainType)) throw unsupported('macro-enabled files are refused');
  if (!mainType.includes(kind)) throw unsupported('its content is of another kind than its name says');
  return { main, names: zip.names, has: zip.has, open: zip.open, tree, relationships, contentType: types };
}

/** An OLE container is an encrypted package, or one of the old binary formats. */
function refuseContainers(bytes: Uint8Array): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, CFB_MAGIC.length).equals(CFB_MAGIC)) return;
  if (buffer.includes(Buffer.from('EncryptedPackage', 'utf16le'))) throw encrypted();
  throw unsupported('the old binary Office formats are refused');
}

async function readContentTypes(root: XmlElement): Promise<(part: string) => string | undefined> {
  const overrides = new Map<string, string>();
  const defaults = new Map<string, string>();
  for (const { name, attributes } of childElements(root)) {
    const type = attributes.ContentType ?? '';
    if (name === 'ct:Override') overrides.set((attributes.PartName ?? '').replace(/^\//, '').toLowerCase(), type);
    else if (name === 'ct:Default') defaults.set((attributes.Extension ?? '').toLowerCase(), type);
  }
  return (part) => {
    const key = part.toLowerCase();
    return overrides.get(key) ?? defaults.get(key.slice(key.lastIndexOf('.') + 1));
  };
}

function relationshipsPart(part: string): string {
  const slash = part.lastIndexOf('/') + 1;
  return `${part.slice(0, slash)}_rels/${part.slice(slash)}.rels`;
}

function readRelationships(root: XmlElement, source: string): Relationship[] {
  return childElements(root, 'rel:Relationship').map(({ attributes }) => {
    const external = attributes.TargetMode === 'External';
    const target = attributes.Target ?? '';
    const type = attributes.Type ?? '';
    return {
      id: attributes.Id ?? '',
      type: type.slice(type.lastIndexOf('/') + 1),
      target: external ? target : resolvePart(source, target),
      external,
    };
  });
}

/** A target relative to its source part, as a part name. Never leaves the package: `..` above the root is dropped. */
function resolvePart(source: string, target: string): string {
  const path = target.split(/[?#]/, 1)[0]!.replaceAll('\\', '/');
  const segments = path.startsWith('/') ? [] : source.split('/').slice(0, -1);
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments.join('/');
}
