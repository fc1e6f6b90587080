import { child, type XmlElement } from '../ooxml/tree.ts';
import { number, type Style } from './styles.ts';

/** Outline level 9 means body text (ECMA-376 part 1, 17.3.1.20), whatever the style says. */
const BODY = 9;

/** The heading level (1–9) of a paragraph from its own outline level, else its style's; undefined for body text. */
export function headingLevel(style: Style, properties: XmlElement | undefined): number | undefined {
  const outline = number(child(properties, 'w:outlineLvl')?.attributes['w:val']) ?? style.outlineLevel;
  if (outline === undefined || outline < 0 || outline >= BODY) return undefined;
  return outline + 1;
}
