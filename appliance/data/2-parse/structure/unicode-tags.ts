import type { Layout, LayoutBlock, LayoutHidden } from '../layout.ts';

/**
 * Unicode tag characters (U+E0000–U+E007F) draw nothing and can spell out a whole sentence (spec 2 B, hidden text).
 * This pass takes them out of every block of a layout, whatever format it came from.
 */

const TAGS = /[\u{E0000}-\u{E007F}]+/gu;
/** A tag character is this pair; the cheap test runs on every text, the expression only where it hits. */
const TAG_LEAD = '\uDB40';

/** The visible part of a text, and what its tag characters spell in ASCII (empty when it has none). */
export function splitTags(text: string): { visible: string; hidden: string } {
  if (!text.includes(TAG_LEAD)) return { visible: text, hidden: '' };
  const words: string[] = [];
  // Lone surrogates first: two halves around a tag would otherwise meet and become a new tag.
  const visible = text.toWellFormed().replace(TAGS, (run) => {
    words.push(spell(run));
    return '';
  });
  return { visible, hidden: words.join(' ') };
}

/** The ASCII letters that a run of tag characters stands for; tags without a letter show as U+FFFD. */
function spell(run: string): string {
  let word = '';
  for (const tag of run) {
    const ascii = tag.codePointAt(0)! - 0xe0000;
    word += ascii >= 0x20 && ascii < 0x7f ? String.fromCharCode(ascii) : '\uFFFD';
  }
  return word;
}

/** A copy of the layout without tag characters in its blocks; what they spelled is added to `hidden`. O(n). */
export function withoutTags(layout: Layout): Layout {
  const found: LayoutHidden[] = [];
  const pages = layout.pages.map((page) => ({
    ...page,
    blocks: page.blocks.map((block) => {
      const words: string[] = [];
      const strip = (text: string) => {
        const { visible, hidden } = splitTags(text);
        if (hidden !== '') words.push(hidden);
        return visible;
      };
      const clean = mapTexts(block, strip);
      if (words.length > 0) {
        found.push({ page: page.page, kind: 'unicode_tags', boxes: block.boxes ?? [], text: words.join(' ') });
      }
      return block.path?.sheet === undefined ? clean : withCleanPath(clean);
    }),
  }));
  const hidden = layout.hidden.flatMap((item) => {
    const { visible, hidden: words } = splitTags(item.text);
    if (words !== '') found.push({ page: item.page, kind: 'unicode_tags', boxes: item.boxes, text: words });
    return visible.trim() === '' && words !== '' ? [] : [{ ...item, text: visible }];
  });
  return { ...layout, pages, hidden: [...hidden, ...found] };
}

/** A sheet's name is told once, by its heading; here it only loses its tags. */
function withCleanPath(block: LayoutBlock): LayoutBlock {
  return { ...block, path: { ...block.path, sheet: splitTags(block.path?.sheet ?? '').visible } };
}

/** Applies `change` to each text of a block once; a merged cell's text, which stands in two places, is told once. */
function mapTexts(block: LayoutBlock, change: (text: string) => string): LayoutBlock {
  if (block.kind === 'figure') return { ...block, caption: change(block.caption) };
  if (block.kind !== 'table') return { ...block, text: change(block.text) };
  const silent = (text: string) => splitTags(text).visible;
  return {
    ...block,
    cells: block.cells.map((row) => row.map(change)),
    ...(block.spans && { spans: block.spans.map(([a, b, c, d, text]) => [a, b, c, d, silent(text)]) }),
    ...(block.title !== undefined && { title: change(block.title) }),
  };
}
