import type { PageCharacter, PageCharacters, TextRun } from './page-characters.ts';
import { apply, type Matrix, mapRect, type PageFrame } from './page-frame.ts';
import type { Area, PageObjects, Rule } from './page-objects.ts';

/** Share of a page's characters that must stand turned before the page is read turned. */
const DOMINANT = 0.6;

/** Quarter turns clockwise of most of the page's text, 0 for upright pages. */
export function dominantQuarter(page: PageCharacters): number {
  const counts = [0, 0, 0, 0];
  for (const { run } of page.characters) {
    if (run.quarter !== null) counts[run.quarter] = (counts[run.quarter] ?? 0) + 1;
  }
  const turned = [1, 2, 3].find((quarter) => (counts[quarter] ?? 0) > DOMINANT * page.characters.length);
  return turned ?? 0;
}

/** The matrix that turns an upright page counter-clockwise by quarter turns, and the size it then has. */
export function turnMatrix(frame: PageFrame, quarters: number): { matrix: Matrix; width: number; height: number } {
  const { width, height } = frame;
  switch (quarters) {
    case 1:
      return { matrix: [0, -1, 1, 0, 0, width], width: height, height: width };
    case 2:
      return { matrix: [-1, 0, 0, -1, width, height], width, height };
    case 3:
      return { matrix: [0, 1, -1, 0, height, 0], width: height, height: width };
    default:
      return { matrix: [1, 0, 0, 1, 0, 0], width, height };
  }
}

/** The characters as they stand on the turned page. */
export function turnCharacters(page: PageCharacters, matrix: Matrix, quarters: number): PageCharacters {
  const runs = new Map<TextRun, TextRun>();
  const turnRun = (run: TextRun): TextRun => {
    const known = runs.get(run);
    if (known) return known;
    const turned = { ...run, quarter: run.quarter === null ? null : (run.quarter - quarters + 4) % 4 };
    runs.set(run, turned);
    return turned;
  };
  const characters = page.characters.map((character): PageCharacter => {
    const box = mapRect(matrix, character.x0, character.y0, character.x1, character.y1);
    const [originX, originY] = apply(matrix, character.originX, character.originY);
    return {
      text: character.text,
      x0: box.x,
      y0: box.y,
      x1: box.x + box.width,
      y1: box.y + box.height,
      originX,
      originY,
      run: turnRun(character.run),
    };
  });
  return { characters, spaceBefore: page.spaceBefore, cut: page.cut };
}

/** Rules, fills and images as they stand on the turned page. */
export function turnObjects(objects: PageObjects, matrix: Matrix, quarters: number): PageObjects {
  const swap = quarters % 2 === 1;
  const turnArea = (area: Area): Area => {
    const { x, y, width, height } = area.box;
    return { ...area, box: mapRect(matrix, x, y, x + width, y + height) };
  };
  const turnRule = (rule: Rule): Rule => {
    const from = rule.upright ? apply(matrix, rule.at, rule.from) : apply(matrix, rule.from, rule.at);
    const to = rule.upright ? apply(matrix, rule.at, rule.to) : apply(matrix, rule.to, rule.at);
    const upright = swap ? !rule.upright : rule.upright;
    const along = upright ? 1 : 0;
    return {
      upright,
      at: from[1 - along]!,
      from: Math.min(from[along]!, to[along]!),
      to: Math.max(from[along]!, to[along]!),
    };
  };
  return {
    ...objects,
    rules: objects.rules.map(turnRule),
    fills: objects.fills.map(turnArea),
    images: objects.images.map(turnArea),
  };
}
