import { bottom, right } from '../../lines/boxes.ts';
import type { PlacedBlock } from '../../lines/types.ts';
import type { Rule } from '../page-objects.ts';
import type { Piece } from '../pieces.ts';
import { type FoundTable, tableBlock } from './grid.ts';
import { ruledTables } from './ruled.ts';
import { unruledTables } from './unruled.ts';

export interface TablesOfPage {
  tables: PlacedBlock[];
  /** Pieces that belong to no table. */
  rest: Piece[];
  /** Tables left out because they have more cells than the limit; their text stays in `rest`. */
  tooLarge: number;
}

/** Finds the tables of a page, ruled ones first, then in what is left the unruled ones. */
export function findTables(pieces: readonly Piece[], rules: readonly Rule[], maxCells: number): TablesOfPage {
  const taken = new Set<Piece>();
  const tables: PlacedBlock[] = [];
  let tooLarge = 0;
  const take = (found: readonly FoundTable[]): void => {
    for (const table of found) {
      if (table.rows * table.columns > maxCells) {
        tooLarge++;
        continue;
      }
      const used = table.cells.flatMap((cell) => cell.pieces.map((piece) => piece.whole ?? piece));
      if (used.some((piece) => taken.has(piece))) continue;
      for (const piece of used) taken.add(piece);
      tables.push({ box: table.box, block: tableBlock(table) });
    }
  };
  const upright = pieces.filter((piece) => !piece.rotated);
  take(ruledTables(upright, rules));
  const outside = upright.filter((piece) => !taken.has(piece) && !tables.some((table) => within(piece, table)));
  take(unruledTables(outside, rules));
  return { tables, rest: pieces.filter((piece) => !taken.has(piece)), tooLarge };
}

function within(piece: Piece, table: PlacedBlock): boolean {
  const { box } = table;
  return (
    piece.box.x >= box.x && right(piece.box) <= right(box) && piece.box.y >= box.y && bottom(piece.box) <= bottom(box)
  );
}
