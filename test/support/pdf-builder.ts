import { createHash } from 'node:crypto';

/**
 * A small PDF writer for tests: what is drawn is written down literally, with coordinates in points from the page's
 * top left. Only the standard fonts are used, so files are small and need nothing from outside.
 */

export type Rgb = [red: number, green: number, blue: number];

export interface DrawText {
  text: string;
  x: number;
  /** Baseline, from the top. */
  y: number;
  size?: number;
  font?: FontName;
  /** 0–1 each; black when left out. */
  colour?: Rgb;
  /** PDF text render mode: 3 is invisible, 7 adds to the clip. */
  mode?: number;
  /** Degrees counter-clockwise. */
  angle?: number;
  /** Only this part of the page shows the text. */
  clip?: [x: number, y: number, width: number, height: number];
  /** Puts the text on the file's layer. */
  layer?: boolean;
}

export interface DrawLine {
  line: [x0: number, y0: number, x1: number, y1: number];
  width?: number;
}

export interface DrawRectangle {
  rectangle: [x: number, y: number, width: number, height: number];
  fill?: Rgb;
  stroke?: boolean;
}

export interface DrawImage {
  image: [x: number, y: number, width: number, height: number];
  /** Gray pixels, one byte each. */
  pixels: { data: Uint8Array; width: number; height: number };
}

export type Drawing = DrawText | DrawLine | DrawRectangle | DrawImage;

export type FontName = 'Helvetica' | 'Helvetica-Bold' | 'Times-Roman' | 'Courier';

export interface PdfPage {
  width?: number;
  height?: number;
  /** Degrees clockwise. */
  rotate?: number;
  /** In page coordinates: left, bottom, right, top. */
  cropBox?: [number, number, number, number];
  draw: Drawing[];
  /** Annotation dictionaries, written as they are (without `<<` and `>>`). */
  annotations?: string[];
}

export interface PdfFile {
  pages: PdfPage[];
  /** A script that runs when the document opens. */
  javascript?: string;
  attachment?: { name: string; content: string };
  /** A layer (optional content group), shown or not, for texts with `layer`. */
  layer?: 'shown' | 'hidden';
  /** Encrypts with 40-bit RC4 under this user password. */
  password?: string;
}

const FONTS: readonly FontName[] = ['Helvetica', 'Helvetica-Bold', 'Times-Roman', 'Courier'];
const PADDING = Buffer.from('28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a', 'hex');

/** Collects numbered objects and writes the file around them. */
class Writer {
  private readonly objects: Buffer[] = [];

  /** Adds an object and returns its number. */
  add(body: string | Buffer): number {
    this.objects.push(typeof body === 'string' ? Buffer.from(body, 'latin1') : body);
    return this.objects.length;
  }

  set(number: number, body: string): void {
    this.objects[number - 1] = Buffer.from(body, 'latin1');
  }

  stream(dictionary: string, content: Buffer): number {
    return this.add(
      Buffer.concat([
        Buffer.from(`<< ${dictionary} /Length ${content.length} >>\nstream\n`, 'latin1'),
        content,
        Buffer.from('\nendstream', 'latin1'),
      ]),
    );
  }

  file(trailer: string): Uint8Array {
    const parts: Buffer[] = [Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
    let length = parts[0]!.length;
    const offsets: number[] = [];
    this.objects.forEach((body, i) => {
      offsets.push(length);
      const part = Buffer.concat([Buffer.from(`${i + 1} 0 obj\n`), body, Buffer.from('\nendobj\n')]);
      parts.push(part);
      length += part.length;
    });
    const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
    const size = this.objects.length + 1;
    parts.push(
      Buffer.from(
        `xref\n0 ${size}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${size} ${trailer} >>\nstartxref\n${length}\n%%EOF\n`,
      ),
    );
    return new Uint8Array(Buffer.concat(parts));
  }
}

/** Writes a PDF. Same input, same bytes. */
export function buildPdf(file: PdfFile): Uint8Array {
  const writer = new Writer();
  const catalog = writer.add('');
  const pages = writer.add('');
  const fonts = FONTS.map((name) =>
    writer.add(`<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>`),
  );
  const fontDictionary = fonts.map((number, i) => `/F${i} ${number} 0 R`).join(' ');
  const layer = file.layer ? writer.add('<< /Type /OCG /Name (Layer) >>') : 0;
  const kids = file.pages.map((page) => addPage(writer, page, pages, fontDictionary, layer));
  writer.set(pages, `<< /Type /Pages /Count ${kids.length} /Kids [${kids.map((kid) => `${kid} 0 R`).join(' ')}] >>`);
  let extras = '';
  if (layer > 0) {
    const off = file.layer === 'hidden' ? `/OFF [${layer} 0 R]` : `/ON [${layer} 0 R]`;
    extras += ` /OCProperties << /OCGs [${layer} 0 R] /D << ${off} >> >>`;
  }
  const names: string[] = [];
  if (file.javascript !== undefined) {
    const script = writer.add(`<< /S /JavaScript /JS ${literal(file.javascript)} >>`);
    names.push(`/JavaScript << /Names [(start) ${script} 0 R] >>`);
  }
  if (file.attachment) {
    const content = writer.stream('/Type /EmbeddedFile', Buffer.from(file.attachment.content));
    const name = literal(file.attachment.name);
    const specification = writer.add(`<< /Type /Filespec /F ${name} /EF << /F ${content} 0 R >> >>`);
    names.push(`/EmbeddedFiles << /Names [${name} ${specification} 0 R] >>`);
  }
  if (names.length > 0) extras += ` /Names << ${names.join(' ')} >>`;
  const widgets = file.pages.flatMap((page) => page.annotations ?? []).some((text) => text.includes('/Widget'));
  if (widgets) extras += ' /AcroForm << /Fields [] >>';
  writer.set(catalog, `<< /Type /Catalog /Pages ${pages} 0 R${extras} >>`);
  const trailer = `/Root ${catalog} 0 R`;
  return writer.file(file.password === undefined ? trailer : `${trailer} ${encryption(writer, file.password)}`);
}

/** An appearance stream with one line of text, for `/AP << /N … >>` of an annotation: returns the whole annotation. */
export function widgetWithText(rect: [number, number, number, number], text: string): string {
  return `/Type /Annot /Subtype /Widget /FT /Tx /T (field) /F 4 /Rect [${rect.join(' ')}] /V ${literal(text)} @APPEARANCE ${text}@`;
}

function addPage(writer: Writer, page: PdfPage, parent: number, fonts: string, layer: number): number {
  const width = page.width ?? 595;
  const height = page.height ?? 842;
  const images: string[] = [];
  const content = page.draw.map((drawing) => {
    if (!('image' in drawing)) return operators(drawing, height);
    const { data, width: wide, height: high } = drawing.pixels;
    const number = writer.stream(
      `/Type /XObject /Subtype /Image /Width ${wide} /Height ${high} /ColorSpace /DeviceGray /BitsPerComponent 8`,
      Buffer.from(data),
    );
    images.push(`/I${images.length} ${number} 0 R`);
    const [x, y, w, h] = drawing.image;
    return `q ${w} 0 0 ${h} ${x} ${height - y - h} cm /I${images.length - 1} Do Q`;
  });
  const stream = writer.stream('', Buffer.from(content.join('\n'), 'latin1'));
  const annotations = (page.annotations ?? []).map((text) => addAnnotation(writer, text, fonts));
  return writer.add(
    [
      `<< /Type /Page /Parent ${parent} 0 R /MediaBox [0 0 ${width} ${height}] /Contents ${stream} 0 R`,
      `/Resources << /Font << ${fonts} >> /XObject << ${images.join(' ')} >>`,
      layer > 0 ? `/Properties << /L ${layer} 0 R >> >>` : '>>',
      page.rotate ? `/Rotate ${page.rotate}` : '',
      page.cropBox ? `/CropBox [${page.cropBox.join(' ')}]` : '',
      annotations.length > 0 ? `/Annots [${annotations.map((number) => `${number} 0 R`).join(' ')}]` : '',
      '>>',
    ].join(' '),
  );
}

function addAnnotation(writer: Writer, text: string, fonts: string): number {
  const appearance = /@APPEARANCE (.*)@/.exec(text);
  if (!appearance) return writer.add(`<< ${text} >>`);
  const form = writer.stream(
    `/Type /XObject /Subtype /Form /BBox [0 0 300 30] /Resources << /Font << ${fonts} >> >>`,
    Buffer.from(`BT /F0 11 Tf 2 8 Td ${literal(appearance[1] ?? '')} Tj ET`),
  );
  return writer.add(`<< ${text.replace(appearance[0], `/AP << /N ${form} 0 R >>`)} >>`);
}

function operators(drawing: DrawText | DrawLine | DrawRectangle, height: number): string {
  if ('line' in drawing) {
    const [x0, y0, x1, y1] = drawing.line;
    return `q ${drawing.width ?? 1} w ${x0} ${height - y0} m ${x1} ${height - y1} l S Q`;
  }
  if ('rectangle' in drawing) {
    const [x, y, w, h] = drawing.rectangle;
    const colour = drawing.fill ? `${drawing.fill.join(' ')} rg` : '';
    const paint = drawing.fill ? (drawing.stroke ? 'B' : 'f') : 'S';
    return `q ${colour} ${x} ${height - y - h} ${w} ${h} re ${paint} Q`;
  }
  const angle = ((drawing.angle ?? 0) * Math.PI) / 180;
  const cos = Math.cos(angle).toFixed(5);
  const sin = Math.sin(angle).toFixed(5);
  const minus = (-Math.sin(angle)).toFixed(5);
  const font = FONTS.indexOf(drawing.font ?? 'Helvetica');
  const [x, y, w, h] = drawing.clip ?? [0, 0, 0, 0];
  return [
    drawing.layer ? '/OC /L BDC' : '',
    drawing.clip ? `q ${x} ${height - y - h} ${w} ${h} re W n` : 'q',
    'BT',
    `/F${font} ${drawing.size ?? 11} Tf`,
    `${(drawing.colour ?? [0, 0, 0]).join(' ')} rg`,
    `${drawing.mode ?? 0} Tr`,
    `${cos} ${sin} ${minus} ${cos} ${drawing.x} ${height - drawing.y} Tm`,
    `${literal(drawing.text)} Tj ET Q`,
    drawing.layer ? 'EMC' : '',
  ].join(' ');
}

/** A literal string; characters beyond Latin-1 cannot be written. */
function literal(text: string): string {
  return `(${text.replace(/[\\()]/g, (sign) => `\\${sign}`)})`;
}

/** Standard security handler, revision 2. The content itself stays plain: without the password it is not reached. */
function encryption(writer: Writer, password: string): string {
  const user = padded(password);
  const permissions = -4;
  const bits = Buffer.alloc(4);
  bits.writeInt32LE(permissions);
  const id = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
  const owner = rc4(md5(user).subarray(0, 5), user);
  const key = md5(Buffer.concat([user, owner, bits, id])).subarray(0, 5);
  const check = rc4(key, PADDING);
  const dictionary = writer.add(
    `<< /Filter /Standard /V 1 /R 2 /O <${owner.toString('hex')}> /U <${check.toString('hex')}> /P ${permissions} >>`,
  );
  return `/Encrypt ${dictionary} 0 R /ID [<${id.toString('hex')}> <${id.toString('hex')}>]`;
}

function padded(password: string): Buffer {
  return Buffer.concat([Buffer.from(password, 'latin1'), PADDING]).subarray(0, 32);
}

function md5(data: Buffer): Buffer {
  return createHash('md5').update(data).digest();
}

function rc4(key: Buffer, data: Buffer): Buffer {
  const state = Array.from({ length: 256 }, (_, i) => i);
  let j = 0;
  for (let i = 0; i < 256; i++) {
    j = (j + state[i]! + key[i % key.length]!) & 255;
    [state[i], state[j]] = [state[j]!, state[i]!];
  }
  let a = 0;
  let b = 0;
  return Buffer.from(
    data.map((byte) => {
      a = (a + 1) & 255;
      b = (b + state[a]!) & 255;
      [state[a], state[b]] = [state[b]!, state[a]!];
      return byte ^ state[(state[a]! + state[b]!) & 255]!;
    }),
  );
}
