import type { ReadLimits } from '../layout.ts';
import type { OfficePackage } from '../ooxml/package.ts';
import { corrupted } from '../ooxml/refusals.ts';
import { child, childElements, readElements, textOf, type XmlElement } from '../ooxml/tree.ts';
import { BUILT_IN_FORMATS } from './built-in-formats.ts';
import { type CellLook, cellLooks } from './cell-look.ts';
import { type NumberFormat, numberFormat } from './number-format.ts';

export interface SheetEntry {
  name: string;
  /** The part's name. */
  part: string;
  hidden: boolean;
  /** `worksheet`, `chartsheet`, `dialogsheet` … */
  type: string;
}

export interface Workbook {
  sheets: SheetEntry[];
  sharedStrings: string[];
  /** The number format of a cell's style index. */
  format(style: number): NumberFormat;
  /** Whether that style hides the text. */
  look(style: number): CellLook;
}

/** Reads what all sheets share: their list, the shared strings and the number formats. */
export async function readWorkbook(file: OfficePackage, limits: ReadLimits): Promise<Workbook> {
  const root = await file.tree(file.main);
  const links = await file.relationships(file.main);
  const target = (type: string) =>
    links.find((link) => link.type === type && !link.external && file.has(link.target))?.target;
  const sheets: SheetEntry[] = [];
  for (const { attributes } of childElements(child(root, 'x:sheets') ?? root, 'x:sheet')) {
    const link = links.find(({ id }) => id === attributes['r:id']);
    if (!link || link.external || !file.has(link.target)) throw corrupted('a sheet that it lists is missing');
    const hidden = attributes.state === 'hidden' || attributes.state === 'veryHidden';
    sheets.push({ name: attributes.name ?? '', part: link.target, hidden, type: link.type });
  }
  const date1904 = isTrue(child(root, 'x:workbookPr')?.attributes.date1904);
  const strings = target('sharedStrings');
  const stylesPart = target('styles');
  const styles = stylesPart === undefined ? undefined : await file.tree(stylesPart);
  const looks = cellLooks(styles);
  return {
    sheets,
    sharedStrings: strings === undefined ? [] : await readSharedStrings(file, strings, limits),
    format: formatLookup(styles, date1904),
    look: (style) => looks[style],
  };
}

/** An XML boolean attribute; absent is false. */
export function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true' || value === 'on';
}

async function readSharedStrings(file: OfficePackage, part: string, limits: ReadLimits): Promise<string[]> {
  const strings: string[] = [];
  await readElements(file.open(part), limits, new Set(['x:sst']), (item) => {
    if (item.name === 'x:si') strings.push(richText(item));
  });
  return strings;
}

/** The text of a string item: plain, or its runs joined; phonetic guides are left out. */
export function richText(item: XmlElement): string {
  return childElements(item)
    .map((part) => {
      if (part.name === 'x:t') return unescapeText(textOf(part));
      return part.name === 'x:r'
        ? childElements(part, 'x:t')
            .map((text) => unescapeText(textOf(text)))
            .join('')
        : '';
    })
    .join('');
}

/** `_x000D_` and the like stand for characters that XML cannot hold (ECMA-376 part 1, 22.9.2.19). */
export function unescapeText(text: string): string {
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function formatLookup(styles: XmlElement | undefined, date1904: boolean): (style: number) => NumberFormat {
  const custom = new Map<number, string>();
  for (const { attributes } of styles ? childElements(child(styles, 'x:numFmts') ?? styles, 'x:numFmt') : []) {
    custom.set(Number(attributes.numFmtId), attributes.formatCode ?? 'General');
  }
  const ids = childElements(child(styles, 'x:cellXfs') ?? EMPTY, 'x:xf').map((xf) =>
    Number(xf.attributes.numFmtId ?? 0),
  );
  const ready = new Map<string, NumberFormat>();
  return (style) => {
    const id = ids[style] ?? 0;
    const code = custom.get(id) ?? BUILT_IN_FORMATS[id] ?? 'General';
    let format = ready.get(code);
    if (!format) {
      format = numberFormat(code, date1904);
      ready.set(code, format);
    }
    return format;
  };
}

const EMPTY: XmlElement = { name: '', attributes: {}, children: [] };
