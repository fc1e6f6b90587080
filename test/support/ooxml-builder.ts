import { crc32, deflateRawSync } from 'node:zlib';
import type { ReadOptions } from '../../appliance/data/2-parse/layout.ts';

/** Writes small Office files by hand, so that tests say byte for byte what a reader gets. */

export interface ZipPart {
  name: string;
  data: string | Uint8Array;
  /** Compress with deflate; stored otherwise. */
  deflate?: boolean;
  /** Say another unpacked size than the true one. */
  claimedSize?: number;
  /** General purpose flags, e.g. 1 for an encrypted entry. */
  flags?: number;
}

/** A zip archive. */
export function zip(parts: ZipPart[]): Uint8Array {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, deflate, claimedSize, flags = 0x800 } of parts) {
    const bytes = Buffer.from(data as string);
    const packed = deflate ? deflateRawSync(bytes) : bytes;
    const nameBytes = Buffer.from(name);
    const header = Buffer.alloc(26);
    header.writeUInt16LE(20, 0);
    header.writeUInt16LE(flags, 2);
    header.writeUInt16LE(deflate ? 8 : 0, 4);
    header.writeUInt16LE(0x21, 8);
    header.writeUInt32LE(crc32(bytes), 10);
    header.writeUInt32LE(packed.length, 14);
    header.writeUInt32LE(claimedSize ?? bytes.length, 18);
    header.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), header, nameBytes, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), header, tail, nameBytes]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return new Uint8Array(Buffer.concat([...locals, central, end]));
}

const OFFICE = 'http://schemas.openxmlformats.org';
const RELATIONSHIPS = `${OFFICE}/officeDocument/2006/relationships`;
const WORD_NAMESPACES = [
  `xmlns:w="${OFFICE}/wordprocessingml/2006/main"`,
  `xmlns:r="${RELATIONSHIPS}"`,
  `xmlns:m="${OFFICE}/officeDocument/2006/math"`,
  `xmlns:mc="${OFFICE}/markup-compatibility/2006"`,
  `xmlns:a="${OFFICE}/drawingml/2006/main"`,
  `xmlns:wp="${OFFICE}/drawingml/2006/wordprocessingDrawing"`,
  `xmlns:pic="${OFFICE}/drawingml/2006/picture"`,
  `xmlns:c="${OFFICE}/drawingml/2006/chart"`,
  'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"',
  'xmlns:v="urn:schemas-microsoft-com:vml"',
].join(' ');

export interface PackageLink {
  type: string;
  target: string;
  external?: boolean;
}

/** A relationships part; ids are `rId1` … in order. */
export function relationships(links: PackageLink[]): string {
  const items = links.map(
    ({ type, target, external }, at) =>
      `<Relationship Id="rId${at + 1}" Type="${RELATIONSHIPS}/${type}" Target="${target}"${external ? ' TargetMode="External"' : ''}/>`,
  );
  return `<Relationships xmlns="${OFFICE}/package/2006/relationships">${items.join('')}</Relationships>`;
}

/** `[Content_Types].xml` with one override for the main part. */
export function contentTypes(main: string, type: string): string {
  return (
    `<Types xmlns="${OFFICE}/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/>` +
    `<Override PartName="/${main}" ContentType="${type}"/></Types>`
  );
}

export const DOCX_TYPE = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml';
export const XLSX_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml';

export interface DocxParts {
  /** XML inside `w:body`. */
  body: string;
  /** XML inside `w:styles`, and so on for the rest. */
  styles?: string;
  numbering?: string;
  footnotes?: string;
  endnotes?: string;
  comments?: string;
  header?: string;
  links?: PackageLink[];
  type?: string;
  /** Put before the main part's root, e.g. a document type. */
  prolog?: string;
  deflate?: boolean;
  extra?: ZipPart[];
}

/** The parts of a DOCX, in case a test wants to bend them. */
export function docxParts(parts: DocxParts): ZipPart[] {
  const links: PackageLink[] = [];
  const files: ZipPart[] = [];
  const add = (type: string, root: string, content: string | undefined) => {
    if (content === undefined) return;
    links.push({ type, target: `${type}.xml` });
    files.push({ name: `word/${type}.xml`, data: `<w:${root} ${WORD_NAMESPACES}>${content}</w:${root}>` });
  };
  add('styles', 'styles', parts.styles);
  add('numbering', 'numbering', parts.numbering);
  add('footnotes', 'footnotes', parts.footnotes);
  add('endnotes', 'endnotes', parts.endnotes);
  add('comments', 'comments', parts.comments);
  add('header', 'hdr', parts.header);
  const document = `${parts.prolog ?? ''}<w:document ${WORD_NAMESPACES}><w:body>${parts.body}</w:body></w:document>`;
  const all: ZipPart[] = [
    { name: '[Content_Types].xml', data: contentTypes('word/document.xml', parts.type ?? DOCX_TYPE) },
    { name: '_rels/.rels', data: relationships([{ type: 'officeDocument', target: 'word/document.xml' }]) },
    { name: 'word/_rels/document.xml.rels', data: relationships([...links, ...(parts.links ?? [])]) },
    { name: 'word/document.xml', data: document },
    ...files,
    ...(parts.extra ?? []),
  ];
  return parts.deflate ? all.map((part) => ({ deflate: true, ...part })) : all;
}

/** A DOCX file. */
export function docx(parts: DocxParts): Uint8Array {
  return zip(docxParts(parts));
}

/** A paragraph of one run; `style` names its style, `properties` is more XML for `w:pPr`. */
export function paragraph(text: string, style?: string, properties = ''): string {
  const named = style === undefined ? '' : `<w:pStyle w:val="${style}"/>`;
  return `<w:p><w:pPr>${named}${properties}</w:pPr>${run(text)}</w:p>`;
}

/** A run; `properties` is XML for `w:rPr`. */
export function run(text: string, properties = ''): string {
  return `<w:r><w:rPr>${properties}</w:rPr><w:t xml:space="preserve">${text}</w:t></w:r>`;
}

export interface XlsxSheet {
  name: string;
  /** XML inside `x:worksheet` before and after `sheetData`. */
  before?: string;
  /** XML inside `sheetData`. */
  rows: string;
  after?: string;
  state?: string;
  links?: PackageLink[];
}

export interface XlsxParts {
  sheets: XlsxSheet[];
  /** Texts of the shared strings; XML (`<r>…`) is taken as it stands. */
  strings?: string[];
  /** XML inside `styleSheet`. */
  styles?: string;
  date1904?: boolean;
  type?: string;
  extra?: ZipPart[];
}

/** An XLSX file. */
export function xlsx(parts: XlsxParts): Uint8Array {
  const main = `xmlns="${OFFICE}/spreadsheetml/2006/main" xmlns:r="${RELATIONSHIPS}"`;
  const links: PackageLink[] = parts.sheets.map((_, at) => ({
    type: 'worksheet',
    target: `worksheets/sheet${at + 1}.xml`,
  }));
  const files: ZipPart[] = [];
  const list = parts.sheets.map(({ name, state, before = '', rows, after = '', links: sheetLinks }, at) => {
    const part = `sheet${at + 1}.xml`;
    files.push({
      name: `xl/worksheets/${part}`,
      data: `<worksheet ${main}>${before}<sheetData>${rows}</sheetData>${after}</worksheet>`,
    });
    if (sheetLinks) files.push({ name: `xl/worksheets/_rels/${part}.rels`, data: relationships(sheetLinks) });
    return `<sheet name="${name}" sheetId="${at + 1}" r:id="rId${at + 1}"${state ? ` state="${state}"` : ''}/>`;
  });
  if (parts.strings) {
    const items = parts.strings.map((text) => `<si>${text.startsWith('<') ? text : `<t>${text}</t>`}</si>`).join('');
    files.push({ name: 'xl/sharedStrings.xml', data: `<sst ${main}>${items}</sst>` });
    links.push({ type: 'sharedStrings', target: 'sharedStrings.xml' });
  }
  if (parts.styles !== undefined) {
    files.push({ name: 'xl/styles.xml', data: `<styleSheet ${main}>${parts.styles}</styleSheet>` });
    links.push({ type: 'styles', target: 'styles.xml' });
  }
  const properties = parts.date1904 ? '<workbookPr date1904="1"/>' : '';
  return zip([
    { name: '[Content_Types].xml', data: contentTypes('xl/workbook.xml', parts.type ?? XLSX_TYPE) },
    { name: '_rels/.rels', data: relationships([{ type: 'officeDocument', target: 'xl/workbook.xml' }]) },
    { name: 'xl/_rels/workbook.xml.rels', data: relationships(links) },
    { name: 'xl/workbook.xml', data: `<workbook ${main}>${properties}<sheets>${list.join('')}</sheets></workbook>` },
    ...files,
    ...(parts.extra ?? []),
  ]);
}

/** A cell with an inline string. */
export function textCell(reference: string, text: string): string {
  return `<c r="${reference}" t="inlineStr"><is><t>${text}</t></is></c>`;
}

/** A number cell; `style` is an index into `cellXfs`. */
export function numberCell(reference: string, value: number | string, style = 0): string {
  return `<c r="${reference}" s="${style}"><v>${value}</v></c>`;
}

/** Rows of text and number cells from a grid; empty strings are no cells. */
export function gridRows(grid: (string | number)[][], firstRow = 1, firstColumn = 0): string {
  return grid
    .map((row, r) => {
      const cells = row.map((value, c) => {
        const reference = `${String.fromCharCode(65 + firstColumn + c)}${firstRow + r}`;
        if (value === '') return '';
        return typeof value === 'number' ? numberCell(reference, value) : textCell(reference, value);
      });
      return `<row r="${firstRow + r}">${cells.join('')}</row>`;
    })
    .join('');
}

/** Limits wide enough for every honest fixture; override one to test it. */
export function readOptions(limits: Partial<ReadOptions['limits']> = {}): ReadOptions {
  return {
    limits: {
      maxPages: 2000,
      maxTableCells: 100_000,
      maxUnpackedBytes: 64 << 20,
      maxArchiveEntries: 1000,
      maxCompressionRatio: 200,
      maxXmlDepth: 200,
      ...limits,
    },
    // The readers of these formats use no binary parts.
    assets: {} as ReadOptions['assets'],
  };
}
