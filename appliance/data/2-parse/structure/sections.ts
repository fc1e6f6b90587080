import type { Section } from '../../document.ts';
import type { PageText } from './page-text.ts';

/**
 * Sections from headings (spec 2 B): each runs from its heading to the next heading of the same or a higher level, or
 * to the end of the document, over pages if need be. Numbered `sec_1` … in reading order. O(blocks).
 */
export function findSections(pages: PageText[]): Section[] {
  const sections: Section[] = [];
  const open: Section[] = [];
  let last = { page: 1, end: 0 };
  const close = (section: Section) => {
    section.end_page = last.page;
    section.end_char = last.end;
  };
  for (const page of pages) {
    for (const block of page.blocks) {
      if (block.kind === 'heading') {
        while (open.length > 0 && open.at(-1)!.level >= block.level) close(open.pop()!);
        const section: Section = {
          section_id: `sec_${sections.length + 1}`,
          title: page.text.slice(block.start, block.end),
          level: block.level,
          page: page.page,
          end_page: page.page,
          start_char: block.start,
          end_char: block.end,
        };
        sections.push(section);
        open.push(section);
      }
      last = { page: page.page, end: block.end };
    }
  }
  while (open.length > 0) close(open.pop()!);
  return sections;
}
