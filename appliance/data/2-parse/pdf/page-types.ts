import type { DroppedContent } from '../../document.ts';
import type { LayoutHidden, ReadLimits } from '../layout.ts';
import type { LinesPage } from '../lines/types.ts';
import type { OcrImage, OcrPage } from '../ocr/types.ts';
import type { SeparatedText } from './hidden-text.ts';
import type { FontStyles } from './page-characters.ts';
import type { PageFrame } from './page-frame.ts';
import type { PageObjects } from './page-objects.ts';
import type { Pdfium } from './pdfium.ts';

/** Recognises the text of a picture. */
export type Recognise = (image: OcrImage) => Promise<OcrPage>;

/** One page, read and separated, before lines become blocks. */
export interface ReadPage {
  lines: LinesPage;
  frame: PageFrame;
  /** Quarter turns by which `lines` stands turned against the page; boxes are turned back at the end. */
  quarters: number;
  hidden: LayoutHidden[];
  dropped: DroppedContent[];
  ocr: boolean;
  confidence: number | null;
  /** Visible characters of the source, white space not counted. */
  characters: number;
  /** The page could not be loaded at all. */
  damaged?: boolean;
}

export interface PageContext {
  pdfium: Pdfium;
  document: number;
  fonts: FontStyles;
  limits: ReadLimits;
  recognise: Recognise;
}

/** What was taken from a page before it is decided how its text is had. */
export interface PageSource {
  /** 1-based. */
  number: number;
  frame: PageFrame;
  objects: PageObjects;
  separated: SeparatedText;
  limits: ReadLimits;
}
