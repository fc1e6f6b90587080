import { TextDecoder } from 'node:util';
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { isFrostbyteError } from '../../../kernel/errors.ts';
import { PREFIXES } from './namespaces.ts';
import { corrupted } from './refusals.ts';

/** Attributes by name: our prefix and a colon for a known namespace, the bare local name for the rest. */
export type Attributes = Readonly<Record<string, string>>;

/** What a caller wants to hear of a part. Element names carry our prefixes (`namespaces.ts`); unknown ones `?:local`. */
export interface XmlHandlers {
  open(name: string, attributes: Attributes): void;
  close(name: string): void;
  text(text: string): void;
}

/**
 * Reads XML from a stream of bytes, in the encoding of its byte-order mark (UTF-8 or UTF-16), keeping nothing but what
 * the handlers keep. A document type declaration is refused, and with it every entity but the five built in. Throws
 * `FILE_CORRUPTED` for what is not well-formed or is nested deeper than `maxDepth`. O(n).
 */
export async function readXml(
  chunks: AsyncIterable<Uint8Array>,
  maxDepth: number,
  handlers: XmlHandlers,
): Promise<void> {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const open: string[] = [];
  parser.on('error', () => {
    throw corrupted('its XML is not well-formed');
  });
  parser.on('doctype', () => {
    throw corrupted('its XML declares a document type');
  });
  parser.on('opentag', (tag) => {
    const name = elementName(tag);
    if (open.push(name) > maxDepth) throw corrupted('its XML is nested too deeply');
    handlers.open(name, readAttributes(tag));
  });
  parser.on('closetag', () => handlers.close(open.pop()!));
  parser.on('text', (text) => handlers.text(text));
  parser.on('cdata', (text) => handlers.text(text));
  let decoder: TextDecoder | undefined;
  try {
    for await (const chunk of chunks) {
      decoder ??= decoderFor(chunk);
      parser.write(decoder.decode(chunk, { stream: true }));
    }
    if (decoder) parser.write(decoder.decode());
    parser.close();
  } catch (error) {
    if (isFrostbyteError(error)) throw error;
    if (error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw corrupted('its XML is not in the encoding it says');
    }
    throw error;
  }
}

function decoderFor(first: Uint8Array): TextDecoder {
  const [a, b] = first;
  const little = (a === 0xff && b === 0xfe) || (a === 0x3c && b === 0);
  const big = (a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c);
  return new TextDecoder(little ? 'utf-16le' : big ? 'utf-16be' : 'utf-8', { fatal: true });
}

function elementName(tag: SaxesTagNS): string {
  return `${PREFIXES.get(tag.uri) ?? '?'}:${tag.local}`;
}

function readAttributes(tag: SaxesTagNS): Attributes {
  const attributes: Record<string, string> = Object.create(null);
  for (const key in tag.attributes) {
    const attribute = tag.attributes[key]!;
    const prefix = attribute.uri === '' ? undefined : PREFIXES.get(attribute.uri);
    attributes[prefix ? `${prefix}:${attribute.local}` : attribute.local] = attribute.value;
  }
  return attributes;
}
