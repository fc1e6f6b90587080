import { MIME } from '../../api/tenant-config.ts';
import type { FileProblem, RemedyName } from '../../kernel/remedies.ts';

/** The formats of the allowlist by extension, with what senders may call them. */
export interface Format {
  mime: string;
  /** Other names of the same type in use. */
  aliases: readonly string[];
}

const known = (mime: string, ...aliases: string[]): Format => Object.freeze({ mime, aliases: Object.freeze(aliases) });
const table = <T>(entries: Record<string, T>): Readonly<Record<string, T>> =>
  Object.freeze(Object.assign(Object.create(null) as Record<string, T>, entries));

const tiff = known(MIME.tiff, 'image/tif', 'image/x-tiff');
export const FORMATS = table<Format>({
  pdf: known(MIME.pdf, 'application/x-pdf'),
  docx: known(MIME.docx),
  xlsx: known(MIME.xlsx),
  txt: known(MIME.txt),
  csv: known(MIME.csv, 'application/csv', 'text/comma-separated-values'),
  png: known(MIME.png),
  tif: tiff,
  tiff,
});

const each = (remedy: RemedyName, extensions: string): [string, RemedyName][] =>
  extensions.split(' ').map((name) => [name, remedy]);

/** Extensions that are refused by name, each with the hint that helps. */
export const REFUSED_EXTENSIONS = table<RemedyName>(
  Object.fromEntries([
    ...each('LEGACY_OFFICE', 'doc dot xls xlt xlw'),
    ...each('PRESENTATION', 'ppt pptx pps ppsx pot potx odp key'),
    ...each('WEB_PAGE', 'html htm xhtml mht mhtml svg'),
    ...each('EMAIL', 'eml msg mbox pst ost emlx'),
    ...each(
      'ARCHIVE',
      'zip zipx rar 7z tar gz tgz bz2 tbz xz txz zst lz lzma lzh arj cab iso img dmg z jar war ear apk',
    ),
    ...each(
      'EXECUTABLE',
      'exe dll com scr pif cpl sys bat cmd ps1 psm1 vbs vbe js jse mjs wsf wsh hta msi msp msix lnk reg inf sh bash zsh ksh csh py pyc pl rb php elf so bin run app command deb rpm appimage wasm class swf',
    ),
    ...each('MACROS', 'docm dotm xlsm xltm xlam xlsb pptm potm ppsm ppam sldm'),
  ]),
);

/** The extension in lower case without its dot, or the empty string. Of a path only the last segment counts. */
export function extensionOf(filename: string): string {
  const name = filename.split(/[/\\]/).at(-1) ?? '';
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1).toLowerCase();
}

/** `Text/CSV; charset=utf-8` as `text/csv`. */
export function plainMime(declared: string): string {
  return (declared.split(';')[0] ?? '').trim().toLowerCase();
}

/**
 * What can be said of a file from its name and declared type alone, before a byte of it is read: its format, or the
 * first problem. `allowlist` holds media types.
 */
export function checkName(
  filename: string,
  declared: string,
  allowlist: readonly string[],
): { format: Format; problem: null } | { format: null; problem: FileProblem } {
  const extension = extensionOf(filename);
  const refuse = (remedy: RemedyName) => ({ format: null, problem: { remedy, details: { extension, declared } } });
  const byName = REFUSED_EXTENSIONS[extension];
  if (byName !== undefined) return refuse(byName);
  const format = FORMATS[extension];
  if (format === undefined) return refuse('UNKNOWN_TYPE');
  const inner = extensionOf(filename.slice(0, -extension.length - 1).trimEnd());
  if (FORMATS[inner] !== undefined || REFUSED_EXTENSIONS[inner] !== undefined) return refuse('DOUBLE_EXTENSION');
  const type = plainMime(declared);
  if (type !== format.mime && !format.aliases.includes(type)) return refuse('DECLARED_MISMATCH');
  if (!allowlist.includes(format.mime)) return refuse('NOT_ALLOWED');
  return { format, problem: null };
}
