import type { DroppedCounter } from '../ooxml/dropped.ts';
import { child, textOf, type XmlElement } from '../ooxml/tree.ts';
import { type Drawing, readDrawing } from './drawing.ts';
import { mathText } from './math.ts';
import { isShaded, type RunLook, runLook, type Style, type Styles } from './styles.ts';
import { symbolText } from './symbol-fonts.ts';

/** What a run of text looks like to a reader: undefined when it can be seen, else the kind of hidden text. */
export type HiddenKind = 'vanish' | 'white_on_white' | 'tiny_text';

export interface Inline {
  text: string;
  hidden: { kind: HiddenKind; text: string }[];
  drawings: Drawing[];
}

export interface InlineContext {
  styles: Styles;
  dropped: DroppedCounter;
  /** The mark that stands in the text for a note, e.g. `[1]`. */
  noteMark(kind: 'footnote' | 'endnote', id: string): string;
  /** False inside tables and text boxes, whose background may come from elsewhere. */
  plainBackground: boolean;
}

/** 2 pt in half-points: smaller text cannot be read (spec 2 B). */
const LEAST_SIZE = 4;

/** Elements whose text is not the document's text; counted where that is worth a word. */
const SKIPPED: ReadonlySet<string> = new Set([
  'w:pPr',
  'w:rPr',
  'w:sdtPr',
  'w:sdtEndPr',
  'w:smartTagPr',
  'w:customXmlPr',
  'w:instrText',
  'w:delInstrText',
  'w:delText',
  'w:fldData',
  'w:ffData',
  'w:rt',
  'w:rubyPr',
]);

/**
 * The text of a paragraph (or of anything inline) as a reader sees it: insertions kept, deletions dropped, field
 * results instead of field codes, equations on one line, and hidden runs set apart. O(n).
 */
export function readInline(paragraph: XmlElement, style: Style, context: InlineContext): Inline {
  const walker = new InlineWalker(style, isShaded(child(paragraph, 'w:pPr')) ?? false, context);
  walker.children(paragraph);
  return walker.result();
}

class InlineWalker {
  readonly #style: Style;
  readonly #shaded: boolean;
  readonly #context: InlineContext;
  readonly #drawings: Drawing[] = [];
  readonly #hidden = new Map<HiddenKind, string[]>();
  #text: string[] = [];

  constructor(style: Style, shaded: boolean, context: InlineContext) {
    this.#style = style;
    this.#shaded = shaded;
    this.#context = context;
  }

  result(): Inline {
    return {
      text: this.#text.join(''),
      hidden: [...this.#hidden].map(([kind, texts]) => ({ kind, text: texts.join('') })),
      drawings: this.#drawings,
    };
  }

  children(element: XmlElement): void {
    for (const item of element.children) if (typeof item !== 'string') this.#visit(item);
  }

  #visit(element: XmlElement): void {
    const { name } = element;
    if (SKIPPED.has(name)) return;
    if (name === 'w:r') this.#run(element);
    else if (name === 'm:oMath') this.#text.push(` ${mathText(element)} `);
    else if (name === 'm:oMathPara') this.#equations(element);
    else if (name === 'w:del' || name === 'w:moveFrom') this.#context.dropped.add('deletion');
    else if (name === 'mc:AlternateContent') this.#alternative(element);
    else this.children(element);
  }

  #equations(element: XmlElement): void {
    for (const item of element.children) {
      if (typeof item === 'string') continue;
      if (item.name === 'm:oMath') this.#text.push(`\n${mathText(item)}\n`);
      else this.#visit(item);
    }
  }

  /** One of several forms of the same content: the first choice, else the fallback, never both. */
  #alternative(element: XmlElement): void {
    const chosen = child(element, 'mc:Choice') ?? child(element, 'mc:Fallback');
    if (chosen) for (const item of chosen.children) if (typeof item !== 'string') this.#inRun(item);
  }

  #run(run: XmlElement): void {
    const before = this.#text;
    this.#text = [];
    for (const item of run.children) if (typeof item !== 'string') this.#inRun(item);
    const text = this.#text.join('');
    this.#text = before;
    const kind = text.trim() === '' ? undefined : this.#hiddenKind(child(run, 'w:rPr'));
    if (kind === undefined) {
      this.#text.push(text);
      return;
    }
    const texts = this.#hidden.get(kind) ?? [];
    texts.push(text);
    this.#hidden.set(kind, texts);
  }

  #inRun(item: XmlElement): void {
    switch (item.name) {
      case 'w:t':
        this.#text.push(textOf(item));
        return;
      case 'w:tab':
      case 'w:ptab':
        this.#text.push('\t');
        return;
      case 'w:br':
      case 'w:cr':
        this.#text.push('\n');
        return;
      case 'w:noBreakHyphen':
        this.#text.push('-');
        return;
      case 'w:sym':
        this.#text.push(symbolText(item.attributes['w:font'] ?? '', item.attributes['w:char'] ?? ''));
        return;
      case 'w:footnoteReference':
      case 'w:endnoteReference':
        this.#note(item);
        return;
      case 'w:drawing':
      case 'w:pict':
      case 'w:object':
        this.#drawings.push(readDrawing(item, this.#context.dropped));
        return;
      default:
        this.#visit(item);
    }
  }

  #note(item: XmlElement): void {
    const kind = item.name === 'w:footnoteReference' ? 'footnote' : 'endnote';
    const mark = this.#context.noteMark(kind, item.attributes['w:id'] ?? '');
    if (item.attributes['w:customMarkFollows'] === undefined) this.#text.push(mark);
  }

  #hiddenKind(properties: XmlElement | undefined): HiddenKind | undefined {
    const own = runLook(properties);
    const character = this.#context.styles.character(child(properties, 'w:rStyle')?.attributes['w:val']);
    const look = <K extends keyof RunLook>(key: K) => own[key] ?? character?.[key] ?? this.#style[key];
    if (look('vanish')) return 'vanish';
    if ((look('size') ?? LEAST_SIZE) < LEAST_SIZE) return 'tiny_text';
    const shaded = look('shaded') || this.#shaded || !this.#context.plainBackground;
    if (look('color') === 'FFFFFF' && !shaded) return 'white_on_white';
    return undefined;
  }
}
