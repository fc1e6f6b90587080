import type { ReadLimits } from '../layout.ts';
import { type Attributes, readXml } from './xml.ts';

/** An element held in memory. Text stands among the children as strings. */
export interface XmlElement {
  name: string;
  attributes: Attributes;
  children: (XmlElement | string)[];
}

/**
 * Reads a part and hands over each complete element that stands directly in an element named in `containers` — one at
 * a time, so that a part of any length costs the memory of its largest such element. An element that is itself a
 * container is entered, not handed over.
 */
export async function readElements(
  chunks: AsyncIterable<Uint8Array>,
  limits: ReadLimits,
  containers: ReadonlySet<string>,
  take: (element: XmlElement) => void,
): Promise<void> {
  const stack: XmlElement[] = [];
  await readXml(chunks, limits.maxXmlDepth, {
    open(name, attributes) {
      const parent = stack.at(-1);
      if (!parent && containers.has(name)) return;
      const element: XmlElement = { name, attributes, children: [] };
      parent?.children.push(element);
      stack.push(element);
    },
    close(name) {
      if (stack.length === 0 && containers.has(name)) return;
      const element = stack.pop()!;
      if (stack.length === 0) take(element);
    },
    text(text) {
      stack.at(-1)?.children.push(text);
    },
  });
}

/** Reads a whole part as one element. For parts whose size does not grow with the document's text. */
export async function readTree(chunks: AsyncIterable<Uint8Array>, limits: ReadLimits): Promise<XmlElement> {
  let root: XmlElement = { name: '', attributes: {}, children: [] };
  await readElements(chunks, limits, new Set(), (element) => {
    root = element;
  });
  return root;
}

/** The element children, all or those of one name. */
export function childElements(element: XmlElement, name?: string): XmlElement[] {
  return element.children.filter(
    (child): child is XmlElement => typeof child !== 'string' && (name === undefined || child.name === name),
  );
}

/** The first element child of a name. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  for (const item of element?.children ?? []) if (typeof item !== 'string' && item.name === name) return item;
  return undefined;
}

/** All descendants of a name, in document order; does not look inside a match. */
export function descendants(element: XmlElement, name: string): XmlElement[] {
  const found: XmlElement[] = [];
  const visit = (parent: XmlElement) => {
    for (const item of parent.children) {
      if (typeof item === 'string') continue;
      if (item.name === name) found.push(item);
      else visit(item);
    }
  };
  visit(element);
  return found;
}

/** All text below an element, joined. */
export function textOf(element: XmlElement): string {
  return element.children.map((item) => (typeof item === 'string' ? item : textOf(item))).join('');
}
