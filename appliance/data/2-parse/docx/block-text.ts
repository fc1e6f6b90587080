import type { LayoutBlock } from '../layout.ts';

/** All text of a block on as few lines as it has rows. */
export function blockText(block: LayoutBlock): string {
  if (block.kind === 'table') return block.cells.map((row) => row.filter((cell) => cell !== '').join(' ')).join('\n');
  return block.kind === 'figure' ? block.caption : block.text;
}
