import { child, textOf, type XmlElement } from '../ooxml/tree.ts';
import { countNonSpace } from '../text/count.ts';

const LEFT_OUT: ReadonlySet<string> = new Set(['w:del', 'w:moveFrom', 'w:rt']);

/**
 * The characters of text that an element holds, counted apart from the walk that makes the blocks, so that `coverage`
 * shows what the walk missed: every `w:t` and `m:t` except deleted ones, alternative forms counted once. O(n).
 */
export function countSource(element: XmlElement): number {
  if (element.name === 'w:t' || element.name === 'm:t') return countNonSpace(textOf(element));
  if (LEFT_OUT.has(element.name)) return 0;
  if (element.name === 'w:tr' && child(child(element, 'w:trPr'), 'w:del')) return 0;
  if (element.name === 'mc:AlternateContent') {
    const chosen = child(element, 'mc:Choice') ?? child(element, 'mc:Fallback');
    return chosen ? countSource(chosen) : 0;
  }
  let count = 0;
  for (const item of element.children) if (typeof item !== 'string') count += countSource(item);
  return count;
}
