import type { DroppedContent } from '../../document.ts';
import type { TextLine } from '../lines/types.ts';
import type { OcrPage } from '../ocr/types.ts';
import type { PageCharacter, PageCharacters } from './page-characters.ts';
import { cutPage, doubtfulPage } from './page-reports.ts';
import type { PageSource, ReadPage } from './page-types.ts';
import { piecesOf } from './pieces.ts';
import { confirmLines, ocrLines } from './scanned-page.ts';
import { hiddenOf, textPage } from './text-page.ts';

/**
 * A scan whose invisible layer says what the picture shows: the layer is the text, since an earlier recognition may
 * have been corrected by people. Lines of it that the picture does not show stay hidden; what the picture shows there
 * is taken from it.
 */
export function layerPage(source: PageSource, layer: PageCharacters, recognised: OcrPage): ReadPage {
  const { separated, objects, number } = source;
  const { shown, unseen } = confirmLines(piecesOf(layer, []), recognised);
  const within = (character: PageCharacter): boolean => unseen.some((line) => holds(line, character));
  const hidden = new Map(separated.hidden);
  hidden.delete('invisible_render_mode');
  const visible = mergeText(
    separated.visible,
    filterText(layer, (character) => !within(character)),
  );
  if (unseen.length > 0) hidden.set('invisible_render_mode', filterText(layer, within));
  const read = textPage({ ...source, separated: { visible, hidden }, objects: { ...objects, images: [] } });
  const more = unseen.length > 0 && recognised.rotation === 0 && read.quarters === 0 ? ocrLines(recognised, shown) : [];
  return {
    ...read,
    lines: { ...read.lines, lines: [...read.lines.lines, ...more] },
    hidden: hiddenOf({ visible, hidden }, number, true),
    ocr: true,
    confidence: recognised.confidence,
  };
}

function holds({ box }: TextLine, character: PageCharacter): boolean {
  const x = (character.x0 + character.x1) / 2;
  const y = (character.y0 + character.y1) / 2;
  return x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
}

/** A page whose text comes from its picture, with printed text over it kept. */
export function ocrPage(source: PageSource, mismatch: boolean, recognised: OcrPage): ReadPage {
  const { separated, objects, frame, number } = source;
  const upright = recognised.rotation === 0;
  const printed: TextLine[] = upright ? piecesOf(separated.visible, []) : [];
  const added = ocrLines(recognised, printed);
  const lines = [...printed, ...added];
  const found = added.reduce((sum, line) => sum + line.text.replace(/\s/gu, '').length, 0);
  const dropped: DroppedContent[] = [];
  if (separated.visible.cut || objects.cut) dropped.push(cutPage(number));
  if (recognised.lines.length > 0 && recognised.confidence < 0.7) dropped.push(doubtfulPage(number));
  return {
    lines: { page: number, width: recognised.width, height: recognised.height, lines },
    frame: upright ? frame : { ...frame, width: recognised.width, height: recognised.height },
    quarters: 0,
    hidden: hiddenOf(separated, number, mismatch),
    dropped,
    ocr: true,
    confidence: recognised.confidence,
    characters: found + printed.reduce((sum, line) => sum + line.text.replace(/\s/gu, '').length, 0),
  };
}

/** A page that is a picture, but one that cannot be rendered: what is printed stays, the picture is reported. */
export function unreadablePicture(source: PageSource, mismatch: boolean): ReadPage {
  const { separated, frame, number } = source;
  return {
    lines: { page: number, width: frame.width, height: frame.height, lines: piecesOf(separated.visible, []) },
    frame,
    quarters: 0,
    hidden: hiddenOf(separated, number, mismatch),
    dropped: [
      {
        element_type: 'page',
        page: number,
        reason: 'the page is a picture that could not be rendered, so its text was not recognised',
        remediation: 'open the file in a PDF program, print the page to a plain PDF and send it again',
      },
    ],
    ocr: false,
    confidence: null,
    characters: separated.visible.characters.length,
  };
}

function mergeText(a: PageCharacters, b: PageCharacters): PageCharacters {
  return {
    characters: [...a.characters, ...b.characters],
    spaceBefore: [...a.spaceBefore, ...b.spaceBefore],
    cut: a.cut || b.cut,
  };
}

function filterText(page: PageCharacters, keep: (character: PageCharacter) => boolean): PageCharacters {
  const kept: PageCharacters = { characters: [], spaceBefore: [], cut: page.cut };
  page.characters.forEach((character, i) => {
    if (!keep(character)) return;
    kept.characters.push(character);
    kept.spaceBefore.push(page.spaceBefore[i] ?? false);
  });
  return kept;
}
