import { child, childElements, type XmlElement } from '../ooxml/tree.ts';

/** What a run's or a style's properties say about being seen. Undefined: they do not say. */
export interface RunLook {
  vanish: boolean | undefined;
  /** RRGGBB in upper case, or `AUTO`. */
  color: string | undefined;
  /** Half-points. */
  size: number | undefined;
  /** True when the text has a background of its own, so that its colour alone says nothing. */
  shaded: boolean | undefined;
}

/** A style with everything that it inherits along `basedOn`. */
export interface Style extends RunLook {
  /** The built-in name in English and lower case, whatever language Word spoke. */
  name: string;
  /** 0–8; 9 is body text; undefined: not a heading. */
  outlineLevel: number | undefined;
  numId: string | undefined;
  listLevel: number | undefined;
}

/** Longer chains are loops or attacks; Word allows eleven levels. */
const LONGEST_CHAIN = 32;

/** The styles of a document, resolved. Style ids are localised (`berschrift1`); levels and built-in names are not. */
export class Styles {
  readonly #raw = new Map<string, XmlElement>();
  readonly #resolved = new Map<string, Style>();
  #defaultParagraph: string | undefined;

  constructor(root?: XmlElement) {
    for (const style of root ? childElements(root, 'w:style') : []) {
      const id = style.attributes['w:styleId'];
      if (id === undefined) continue;
      this.#raw.set(id, style);
      if (style.attributes['w:type'] === 'paragraph' && isOn(style.attributes['w:default'] ?? '0')) {
        this.#defaultParagraph = id;
      }
    }
  }

  /** The style of a paragraph (the default one when it names none). */
  paragraph(id: string | undefined): Style {
    return this.#get(id ?? this.#defaultParagraph ?? '');
  }

  /** The style of a run; undefined when it names none. */
  character(id: string | undefined): Style | undefined {
    return id === undefined ? undefined : this.#get(id);
  }

  /** The `numId` that a numbering style (`w:numStyleLink`) stands for. */
  listOf(id: string): string | undefined {
    return this.#get(id).numId;
  }

  #get(id: string): Style {
    const known = this.#resolved.get(id);
    if (known) return known;
    const style = this.#resolve(id);
    this.#resolved.set(id, style);
    return style;
  }

  #resolve(id: string): Style {
    const chain: XmlElement[] = [];
    for (let at: string | undefined = id; at !== undefined && chain.length < LONGEST_CHAIN; ) {
      const element = this.#raw.get(at);
      if (!element || chain.includes(element)) break;
      chain.push(element);
      at = child(element, 'w:basedOn')?.attributes['w:val'];
    }
    const own = nameOf(chain[0]) || id.toLowerCase();
    const style: Style = { name: own, outlineLevel: undefined, numId: undefined, listLevel: undefined, ...NO_LOOK };
    // From the derived style to its base: what is set first stays.
    for (const element of chain) {
      const properties = child(element, 'w:pPr');
      const numbering = child(properties, 'w:numPr');
      style.outlineLevel ??= number(child(properties, 'w:outlineLvl')?.attributes['w:val']) ?? builtInLevel(element);
      style.numId ??= child(numbering, 'w:numId')?.attributes['w:val'];
      style.listLevel ??= number(child(numbering, 'w:ilvl')?.attributes['w:val']);
      const look = runLook(child(element, 'w:rPr'));
      style.vanish ??= look.vanish;
      style.color ??= look.color;
      style.size ??= look.size;
      style.shaded ??= look.shaded ?? isShaded(properties);
    }
    if (chain.length === 0) style.outlineLevel = levelOfName(id.toLowerCase());
    return style;
  }
}

const NO_LOOK: RunLook = { vanish: undefined, color: undefined, size: undefined, shaded: undefined };

function nameOf(style: XmlElement | undefined): string {
  return (child(style, 'w:name')?.attributes['w:val'] ?? '').toLowerCase();
}

function builtInLevel(style: XmlElement): number | undefined {
  return levelOfName(nameOf(style));
}

/** `heading 3` and `Heading3` → 2, `title` → 0. */
function levelOfName(name: string): number | undefined {
  if (name === 'title') return 0;
  const match = /^heading ?([1-9])$/.exec(name);
  return match ? Number(match[1]) - 1 : undefined;
}

/** Reads `w:rPr`. */
export function runLook(properties: XmlElement | undefined): RunLook {
  if (!properties) return NO_LOOK;
  const vanish = child(properties, 'w:vanish');
  return {
    vanish: vanish && isOn(vanish.attributes['w:val']),
    color: child(properties, 'w:color')?.attributes['w:val']?.toUpperCase(),
    size: number(child(properties, 'w:sz')?.attributes['w:val']),
    shaded: isShaded(properties) ?? (child(properties, 'w:highlight') ? true : undefined),
  };
}

/** True when `w:shd` gives a background that is not white; undefined when there is no `w:shd`. */
export function isShaded(properties: XmlElement | undefined): boolean | undefined {
  const shading = child(properties, 'w:shd');
  if (!shading) return undefined;
  const fill = (shading.attributes['w:fill'] ?? 'auto').toUpperCase();
  const pattern = shading.attributes['w:val'] ?? 'clear';
  return (fill !== 'AUTO' && fill !== 'FFFFFF') || (pattern !== 'clear' && pattern !== 'nil');
}

/** An on/off attribute: absent means on. */
export function isOn(value: string | undefined): boolean {
  return value === undefined || !['0', 'false', 'off'].includes(value.toLowerCase());
}

/** A whole number of an attribute, or undefined. */
export function number(value: string | undefined): number | undefined {
  if (value === undefined || !/^-?\d{1,9}$/.test(value)) return undefined;
  return Number(value);
}
