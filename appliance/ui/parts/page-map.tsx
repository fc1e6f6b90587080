import type { Markup } from '../../api/markup.ts';
import type { Texts } from '../texts/language.ts';

interface Placed {
  chunk_id: string;
  element_type: string;
  boxes: readonly { x: number; y: number; width: number; height: number }[] | null;
}

/** A4 in points: what a page has at least; one that is larger shows itself by where its chunks stand. */
const [WIDTH, HEIGHT] = [595, 842];
const MARGIN = 36;

/**
 * Where the chunks of a page stand on it, from their boxes: a click leads to the text. Nothing where the format has no
 * geometry. It says nothing that the text below does not, so that who hears the page is not told twice.
 */
export function pageMap(t: Texts, page: number, chunks: readonly Placed[]): Markup | null {
  const boxes = chunks.flatMap(({ boxes: some }) => some ?? []);
  if (boxes.length === 0) return null;
  const width = Math.max(WIDTH, ...boxes.map(({ x, width: wide }) => x + wide + MARGIN));
  const height = Math.max(HEIGHT, ...boxes.map(({ y, height: high }) => y + high + MARGIN));
  return (
    <svg class="page-map" viewBox={`0 0 ${width} ${height}`} aria-hidden="true" focusable="false">
      <title>{t.document.map(page)}</title>
      <rect class="paper" width={width} height={height} />
      {chunks.map(({ chunk_id, element_type, boxes: some }) => (
        <a href={`#${chunk_id}`} tabindex={-1} class={`e-${element_type}`}>
          {(some ?? []).map(({ x, y, width: wide, height: high }) => (
            <rect x={x} y={y} width={wide} height={high} rx="2" />
          ))}
        </a>
      ))}
    </svg>
  );
}
