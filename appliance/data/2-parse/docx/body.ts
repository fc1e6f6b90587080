import type { LayoutBlock, LayoutHidden } from '../layout.ts';
import type { DroppedCounter } from '../ooxml/dropped.ts';
import { child, childElements, type XmlElement } from '../ooxml/tree.ts';
import { append } from '../text/append.ts';
import { blockText } from './block-text.ts';
import { headingLevel } from './heading.ts';
import { type InlineContext, readInline } from './inline.ts';
import type { Notes } from './notes.ts';
import type { Numbering } from './numbering.ts';
import { number, type Style, type Styles } from './styles.ts';
import { readTable, type TableContext } from './table.ts';

/** A block, and whether its style says that it captions its neighbour. */
export type DocxBlock = LayoutBlock & { isCaption?: true };

interface Place {
  /** Inside a table cell or text box: a background may come from outside the text. */
  enclosed: boolean;
}

/** Walks the body of a document and collects its blocks in reading order. One per document. */
export class BodyWalker {
  readonly blocks: DocxBlock[] = [];
  readonly hidden: LayoutHidden[] = [];
  readonly #styles: Styles;
  readonly #numbering: Numbering;
  readonly #notes: Notes;
  readonly #dropped: DroppedCounter;
  readonly #maxTableCells: number;
  #paragraph = 0;
  /** Text of a paragraph whose end was deleted, which runs on into the next one. */
  #runOn = '';

  constructor(styles: Styles, numbering: Numbering, notes: Notes, dropped: DroppedCounter, maxTableCells: number) {
    this.#styles = styles;
    this.#numbering = numbering;
    this.#notes = notes;
    this.#dropped = dropped;
    this.#maxTableCells = maxTableCells;
  }

  /** Takes the next element of the body, a note, a text box or a cell; returns its blocks as well as keeping them. */
  take(element: XmlElement, place: Place = { enclosed: false }): void {
    append(this.blocks, this.read(element, place));
  }

  /** Keeps what the last element of the body left open. */
  finish(): void {
    append(this.blocks, this.#endRunOn());
  }

  /** The blocks of a block-level element, without keeping them. */
  read(element: XmlElement, place: Place): DocxBlock[] {
    switch (element.name) {
      case 'w:p':
        return this.#readParagraph(element, place);
      case 'w:tbl':
        return [...this.#endRunOn(), ...this.#readTable(element)];
      case 'w:altChunk':
        this.#dropped.add('alternative_content');
        return [];
      case 'w:del':
      case 'w:moveFrom':
        this.#dropped.add('deletion');
        return [];
      case 'mc:AlternateContent': {
        const chosen = child(element, 'mc:Choice') ?? child(element, 'mc:Fallback');
        return chosen ? this.readAll(chosen, place) : [];
      }
      case 'm:oMathPara':
      case 'm:oMath':
        return this.#readParagraph({ name: 'w:p', attributes: {}, children: [element] }, place);
      case 'w:sdtPr':
      case 'w:sectPr':
        return [];
      default:
        return this.readAll(element, place);
    }
  }

  /** The blocks of all children. */
  readAll(element: XmlElement, place: Place): DocxBlock[] {
    const blocks = childElements(element).flatMap((item) => this.read(item, place));
    append(blocks, this.#endRunOn());
    return blocks;
  }

  /** A deleted paragraph end with no paragraph behind it ends the paragraph all the same. */
  #endRunOn(): DocxBlock[] {
    const text = this.#runOn.trim();
    this.#runOn = '';
    return text === '' ? [] : [{ kind: 'paragraph', text, path: { paragraph: this.#paragraph } }];
  }

  #readTable(element: XmlElement): DocxBlock[] {
    const first = this.#paragraph + 1;
    const context: TableContext = {
      readCell: (cell) => this.readAll(cell, { enclosed: true }),
      hide: (kind, text) => this.hidden.push({ page: 1, kind, boxes: [], text }),
      dropped: this.#dropped,
      maxCells: this.#maxTableCells,
    };
    return readTable(element, context).map((block) =>
      block.kind === 'table' ? { ...block, path: { paragraph: first } } : block,
    );
  }

  #readParagraph(paragraph: XmlElement, place: Place): DocxBlock[] {
    this.#paragraph++;
    const path = { paragraph: this.#paragraph };
    const properties = child(paragraph, 'w:pPr');
    const style = this.#styles.paragraph(child(properties, 'w:pStyle')?.attributes['w:val']);
    const inline = readInline(paragraph, style, this.#context(place));
    for (const { kind, text } of inline.hidden) this.hidden.push({ page: 1, kind, boxes: [], text });
    const blocks: DocxBlock[] = [];
    const text = (this.#runOn + inline.text).trim();
    const endDeleted = child(child(properties, 'w:rPr'), 'w:del') !== undefined;
    this.#runOn = endDeleted ? this.#runOn + inline.text : '';
    if (!endDeleted && (text !== '' || inline.hidden.length === 0)) {
      // An empty numbered paragraph is counted, as Word does, though it shows nothing that is worth a block.
      const list = this.#marker(properties, style);
      if (text !== '') blocks.push({ ...this.#textBlock(text, list, style, properties), path });
    }
    for (const { textBoxes, pictures, hidden } of inline.drawings) {
      for (const box of textBoxes) append(blocks, this.#textBox(box, hidden));
      if (!hidden) for (const caption of pictures) blocks.push({ kind: 'figure', caption, path });
      // What a picture shows is not read; its caption or description is.
      this.#dropped.add('image', pictures.length);
    }
    return blocks;
  }

  #textBlock(
    text: string,
    list: { marker: string } | undefined,
    style: Style,
    properties: XmlElement | undefined,
  ): DocxBlock {
    const level = headingLevel(style, properties);
    if (level !== undefined) {
      const marker = list && list.marker !== '• ' ? list.marker : '';
      return { kind: 'heading', level, text: marker + text };
    }
    if (list) return { kind: 'list_item', text: list.marker + text };
    return style.name === 'caption' ? { kind: 'paragraph', text, isCaption: true } : { kind: 'paragraph', text };
  }

  /** The list marker of a paragraph; undefined when it is in no list. */
  #marker(properties: XmlElement | undefined, style: Style): { marker: string } | undefined {
    const numbering = child(properties, 'w:numPr');
    const numId = child(numbering, 'w:numId')?.attributes['w:val'] ?? style.numId;
    if (numId === undefined || numId === '0') return undefined;
    const level = number(child(numbering, 'w:ilvl')?.attributes['w:val']) ?? style.listLevel ?? 0;
    return this.#numbering.next(numId, level) ?? undefined;
  }

  /** The blocks of a text box; of a hidden one, its text as hidden text. */
  #textBox(box: XmlElement, hidden: boolean): DocxBlock[] {
    const blocks = this.readAll(box, { enclosed: true });
    if (!hidden) return blocks;
    const text = blocks.map(blockText).join('\n');
    if (text.trim() !== '') this.hidden.push({ page: 1, kind: 'hidden_drawing', boxes: [], text });
    return [];
  }

  #context(place: Place): InlineContext {
    return {
      styles: this.#styles,
      dropped: this.#dropped,
      noteMark: (kind, id) => this.#notes.mark(kind, id),
      plainBackground: !place.enclosed,
    };
  }
}
