import type { DroppedContent } from '../../document.ts';
import type { LayoutHidden } from '../layout.ts';
import { roundBox } from '../lines/boxes.ts';
import { figuresOf } from './figures.ts';
import type { SeparatedText } from './hidden-text.ts';
import { cutPage, tooLargeTable } from './page-reports.ts';
import type { PageSource, ReadPage } from './page-types.ts';
import { piecesOf } from './pieces.ts';
import { findTables } from './tables/find-tables.ts';
import { dominantQuarter, turnCharacters, turnMatrix, turnObjects } from './turn-page.ts';

/** A page whose text comes from characters. */
export function textPage(source: PageSource): ReadPage {
  const { separated, objects, frame, number, limits } = source;
  const quarters = dominantQuarter(separated.visible);
  const turned = turnMatrix(frame, quarters);
  const visible = quarters === 0 ? separated.visible : turnCharacters(separated.visible, turned.matrix, quarters);
  const drawn = quarters === 0 ? objects : turnObjects(objects, turned.matrix, quarters);
  const pieces = piecesOf(visible, drawn.rules);
  const { tables, rest, tooLarge } = findTables(pieces, drawn.rules, limits.maxTableCells);
  const figures = figuresOf(drawn, { ...frame, width: turned.width, height: turned.height });
  const dropped: DroppedContent[] = [];
  if (tooLarge > 0) dropped.push(tooLargeTable(number, limits.maxTableCells));
  if (separated.visible.cut || objects.cut) dropped.push(cutPage(number));
  return {
    lines: {
      page: number,
      width: turned.width,
      height: turned.height,
      lines: rest,
      placed: [...tables, ...figures],
    },
    frame,
    quarters,
    hidden: hiddenOf(separated, number, false),
    dropped,
    ocr: false,
    confidence: null,
    characters: separated.visible.characters.length,
  };
}

/** Hidden text by kind, line by line in drawing order. */
export function hiddenOf(separated: SeparatedText, number: number, mismatch: boolean): LayoutHidden[] {
  const hidden: LayoutHidden[] = [];
  for (const [kind, characters] of [...separated.hidden].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const pieces = piecesOf(characters, []);
    if (pieces.length === 0) continue;
    hidden.push({
      page: number,
      kind: mismatch && kind === 'invisible_render_mode' ? 'ocr_layer_mismatch' : kind,
      boxes: pieces.map((piece) => roundBox(piece.box)),
      text: pieces.map((piece) => piece.text).join('\n'),
    });
  }
  return hidden;
}
