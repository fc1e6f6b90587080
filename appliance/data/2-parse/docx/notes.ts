import type { XmlElement } from '../ooxml/tree.ts';
import { formatNumber } from './numbering.ts';

/** A note that the text refers to. */
export interface NoteReference {
  kind: 'footnote' | 'endnote';
  id: string;
  mark: string;
}

/** Footnotes and endnotes: marks in the order in which the text refers to them. */
export class Notes {
  readonly #marks = new Map<string, string>();
  readonly #counts = { footnote: 0, endnote: 0 };
  readonly references: NoteReference[] = [];

  /** `[1]`, `[2]` … for footnotes and `[i]`, `[ii]` … for endnotes, as Word numbers them by default. */
  mark(kind: 'footnote' | 'endnote', id: string): string {
    const key = `${kind} ${id}`;
    const known = this.#marks.get(key);
    if (known !== undefined) return known;
    const count = ++this.#counts[kind];
    const mark = `[${formatNumber(count, kind === 'footnote' ? 'decimal' : 'lowerRoman')}]`;
    this.#marks.set(key, mark);
    this.references.push({ kind, id, mark });
    return mark;
  }
}

/** True for the notes that Word draws as separators, which hold no text of the author's. */
export function isSeparator(note: XmlElement): boolean {
  const type = note.attributes['w:type'];
  return type !== undefined && type !== 'normal';
}
