import { child, childElements, type XmlElement } from '../ooxml/tree.ts';

/** How a cell's style hides its text from a reader: undefined when it does not. */
export type CellLook = 'white_on_white' | 'tiny_text' | undefined;

/** Points; smaller text cannot be read (spec 2 B). */
const LEAST_SIZE = 2;

/** What each style index of `cellXfs` does to the text, from fonts and fills. */
export function cellLooks(styles: XmlElement | undefined): CellLook[] {
  const fonts = childElements(child(styles, 'x:fonts') ?? NOTHING, 'x:font');
  const fills = childElements(child(styles, 'x:fills') ?? NOTHING, 'x:fill');
  return childElements(child(styles, 'x:cellXfs') ?? NOTHING, 'x:xf').map(({ attributes }) => {
    const font = fonts[Number(attributes.fontId ?? 0)];
    const size = Number(child(font, 'x:sz')?.attributes.val ?? LEAST_SIZE);
    if (size < LEAST_SIZE) return 'tiny_text';
    const blank = isBlank(fills[Number(attributes.fillId ?? 0)]);
    return blank && isWhite(child(font, 'x:color')) ? 'white_on_white' : undefined;
  });
}

const NOTHING: XmlElement = { name: '', attributes: {}, children: [] };

/** No fill, or a white one. */
function isBlank(fill: XmlElement | undefined): boolean {
  const pattern = child(fill, 'x:patternFill');
  if (!pattern) return fill === undefined || child(fill, 'x:gradientFill') === undefined;
  const type = pattern.attributes.patternType ?? 'none';
  return type === 'none' || (type === 'solid' && isWhite(child(pattern, 'x:fgColor')));
}

/** White by value, or the theme's first colour, which is the white of the page. */
function isWhite(color: XmlElement | undefined): boolean {
  if (!color) return false;
  const { rgb, theme, tint } = color.attributes;
  if (rgb !== undefined) return /^(?:[0-9A-F]{2})?FFFFFF$/i.test(rgb);
  return theme === '0' && Number(tint ?? 0) === 0;
}
