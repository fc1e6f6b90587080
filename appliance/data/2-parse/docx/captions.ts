import type { LayoutBlock } from '../layout.ts';
import type { DocxBlock } from './body.ts';

/**
 * Joins caption paragraphs with what they caption: next to a figure, the caption's text becomes the figure's (with its
 * alternative text after it, when that says something else); next to a table, it stays in the text and becomes the
 * table's title; alone, it is a paragraph. Captions stand below figures and above tables, so those sides come first.
 */
export function joinCaptions(blocks: DocxBlock[]): LayoutBlock[] {
  const used = new Set<number>();
  const moved = new Set<number>();
  const captions = new Map<number, string>();
  blocks.forEach((block, at) => {
    if (block.kind !== 'figure' && block.kind !== 'table') return;
    const sides = block.kind === 'figure' ? [at + 1, at - 1] : [at - 1, at + 1];
    const side = sides.find((index) => blocks[index]?.isCaption && !used.has(index));
    const caption = side === undefined ? undefined : blocks[side];
    if (side === undefined || caption?.kind !== 'paragraph') return;
    used.add(side);
    captions.set(at, caption.text);
    if (block.kind === 'figure') moved.add(side);
  });
  return blocks.flatMap((block, at): LayoutBlock[] => {
    if (moved.has(at)) return [];
    const { isCaption: _, ...plain } = block;
    const caption = captions.get(at);
    if (caption === undefined) return [plain];
    if (plain.kind === 'figure') return [{ ...plain, caption: figureText(caption, plain.caption) }];
    return [plain.kind === 'table' ? { ...plain, title: caption } : plain];
  });
}

function figureText(caption: string, alternative: string): string {
  return alternative === '' || alternative === caption ? caption : `${caption} (${alternative})`;
}
