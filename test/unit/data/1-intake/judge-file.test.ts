import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_TENANT_CONFIG, MIME } from '../../../../appliance/api/tenant-config.ts';
import { noScanner } from '../../../../appliance/data/1-intake/clamd.ts';
import { takeIn } from '../../../../appliance/data/1-intake/incoming-file.ts';
import { judgeFile } from '../../../../appliance/data/1-intake/judge-file.ts';
import { INTAKE_REMEDIES } from '../../../../appliance/kernel/remedies.ts';
import type { ObjectStore } from '../../../../appliance/stores/object/port.ts';
import { sha256 } from '../../../support/intake.ts';
import { docx, paragraph, textCell, xlsx, zip } from '../../../support/ooxml-builder.ts';
import { buildPdf } from '../../../support/pdf-builder.ts';
import { blank, pngOf, tiffOf } from '../../../support/pictures.ts';

const draft = {
  write: async () => undefined,
  end: async () => undefined,
  commit: async () => undefined,
  abort: async () => undefined,
};
const nowhere = { begin: async () => draft, room: async () => Number.POSITIVE_INFINITY } as unknown as ObjectStore;

async function judge(...file: Parameters<typeof judged>): Promise<string> {
  const result = await judged(...file);
  return result.kind === 'accepted' ? result.mime : result.problem.remedy;
}

async function problemOf(...file: Parameters<typeof judged>) {
  const result = await judged(...file);
  return result.kind === 'accepted' ? assert.fail('accepted') : result.problem;
}

async function judged(filename: string, content: string | Uint8Array, mime_type: string, config = {}) {
  const bytes = Buffer.from(content as string);
  const chunks = async function* () {
    for (let at = 0; at < bytes.length; at += 5000) yield bytes.subarray(at, at + 5000);
  };
  const seen = await takeIn({ objects: nowhere, scanner: noScanner() }, chunks(), {
    limit: 1 << 30,
    declared: bytes.length,
    wanted: () => true,
  });
  const claim = { filename, mime_type, size_bytes: bytes.length, sha256: sha256(bytes) };
  return judgeFile(claim, seen, { ...DEFAULT_TENANT_CONFIG, ...config });
}

const DOCX = docx({ body: paragraph('Hello') });
const XLSX = xlsx({ sheets: [{ name: 'One', rows: textCell('A1', 'x') }] });
const PDF = buildPdf({ pages: [{ draw: [] }] });
const PNG = pngOf(blank(4, 4));
const TIFF = tiffOf([{ picture: blank(4, 4) }]);
const LONG_TIFF = tiffOf(
  Array.from({ length: 40 }, () => ({ picture: blank(200, 200) })),
  'MM',
);
const utf16 = (text: string) => Buffer.from(text, 'utf16le');

describe('the type of a file', () => {
  const taken: [string, string | Uint8Array, string][] = [
    ['a.pdf', PDF, MIME.pdf],
    ['A.PDF', Buffer.concat([PDF, Buffer.from('\r\n\0\0')]), 'Application/PDF'],
    ['a.docx', DOCX, MIME.docx],
    ['a.xlsx', XLSX, MIME.xlsx],
    ['a.png', PNG, MIME.png],
    ['a.tif', TIFF, MIME.tiff],
    ['a.tiff', TIFF, MIME.tiff],
    ['many-pages.tiff', LONG_TIFF, MIME.tiff],
    ['a.txt', 'Plain text.', 'text/plain; charset=utf-8'],
    ['bmw.txt', 'BMW AG, MZ 12, PK and other letters that begin other formats.', MIME.txt],
    ['umlaut.txt', Buffer.from('Gr\xfc\xdfe', 'latin1'), MIME.txt],
    ['wide.txt', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16('Grüße')]), MIME.txt],
    ['wide-without-mark.txt', utf16('Plain text in two bytes each.'), MIME.txt],
    ['a.csv', 'a;b\n1;2', MIME.csv],
    ['a.csv', 'a;b\n1;2', 'application/csv'],
    ['report.v1.2.final.txt', 'x', MIME.txt],
    ['no letters 文書.txt', '文書', MIME.txt],
  ];
  for (const [name, content, declared] of taken) {
    it(`takes ${name} declared as ${declared}`, async () => {
      const format = await judge(name, content, declared);
      assert.ok(Object.values(MIME).includes(format as never), format);
    });
  }

  const refused: [string, string | Uint8Array, string, string][] = [
    ['a.doc', 'x', 'application/msword', 'LEGACY_OFFICE'],
    ['a.xls', 'x', 'application/vnd.ms-excel', 'LEGACY_OFFICE'],
    ['a.pptx', 'x', 'application/x', 'PRESENTATION'],
    ['a.html', '<html>', 'text/html', 'WEB_PAGE'],
    ['a.eml', 'x', 'message/rfc822', 'EMAIL'],
    ['a.zip', 'x', 'application/zip', 'ARCHIVE'],
    ['a.exe', 'MZ', 'application/x-msdownload', 'EXECUTABLE'],
    ['a.docm', DOCX, MIME.docx, 'MACROS'],
    ['a.jpg', 'x', 'image/jpeg', 'UNKNOWN_TYPE'],
    ['noextension', 'x', MIME.txt, 'UNKNOWN_TYPE'],
    ['.txt.', 'x', MIME.txt, 'UNKNOWN_TYPE'],
    ['constructor', 'x', MIME.txt, 'UNKNOWN_TYPE'],
    ['a.__proto__', 'x', MIME.txt, 'UNKNOWN_TYPE'],
    ['invoice.exe.pdf', PDF, MIME.pdf, 'DOUBLE_EXTENSION'],
    ['invoice.pdf.txt', 'x', MIME.txt, 'DOUBLE_EXTENSION'],
    ['invoice.pdf .txt', 'x', MIME.txt, 'DOUBLE_EXTENSION'],
    ['a.pdf', PDF, MIME.txt, 'DECLARED_MISMATCH'],
    ['a.txt', 'x', 'application/octet-stream', 'DECLARED_MISMATCH'],
    ['a.txt', '', MIME.txt, 'EMPTY'],
    ['a.pdf', '', MIME.pdf, 'EMPTY'],
    ['a.pdf', 'only text', MIME.pdf, 'CONTENT_MISMATCH'],
    ['a.txt', PDF, MIME.txt, 'CONTENT_MISMATCH'],
    ['a.txt', PNG, MIME.txt, 'CONTENT_MISMATCH'],
    ['a.png', TIFF, MIME.png, 'CONTENT_MISMATCH'],
    ['a.docx', XLSX, MIME.docx, 'CONTENT_MISMATCH'],
    ['a.xlsx', DOCX, MIME.xlsx, 'CONTENT_MISMATCH'],
    ['a.docx', zip([{ name: 'a.txt', data: 'x' }]), MIME.docx, 'ARCHIVE'],
    ['a.txt', zip([{ name: 'a.txt', data: 'x' }]), MIME.txt, 'ARCHIVE'],
    ['a.docx', Buffer.from('d0cf11e0a1b11ae10000', 'hex'), MIME.docx, 'PROTECTED_OFFICE'],
    ['a.txt', Buffer.concat([Buffer.from('MZ\x90\0\x03\0\0\0', 'latin1'), Buffer.alloc(200)]), MIME.txt, 'EXECUTABLE'],
    ['a.pdf', Buffer.concat([Buffer.from('7f454c4602', 'hex'), Buffer.alloc(60)]), MIME.pdf, 'EXECUTABLE'],
    ['a.txt', '#!/bin/sh\nrm -rf /', MIME.txt, 'EXECUTABLE'],
    ['a.txt', '\ufeff  <!DOCTYPE html><p>', MIME.txt, 'WEB_PAGE'],
    ['a.csv', `${'a,b\n'.repeat(9000)}\0\0\0binary`, MIME.csv, 'CONTENT_MISMATCH'],
    ['a.pdf', PDF.subarray(0, PDF.length - 40), MIME.pdf, 'TRUNCATED'],
    ['a.png', PNG.subarray(0, PNG.length - 1), MIME.png, 'TRUNCATED'],
    ['a.tif', TIFF.subarray(0, TIFF.length - 1), MIME.tiff, 'TRUNCATED'],
    ['a.tif', LONG_TIFF.subarray(0, LONG_TIFF.length >> 1), MIME.tiff, 'TRUNCATED'],
    ['a.tif', TIFF.subarray(0, 8), MIME.tiff, 'TRUNCATED'],
    ['a.tif', TIFF.subarray(0, 4), MIME.tiff, 'TRUNCATED'],
    ['a.docx', DOCX.subarray(0, DOCX.length - 1), MIME.docx, 'TRUNCATED'],
    ['a.docx', DOCX.subarray(0, DOCX.length >> 1), MIME.docx, 'TRUNCATED'],
    [
      'a.docx',
      zip([
        { name: '[Content_Types].xml', data: '' },
        { name: 'word/document.xml', data: '' },
        { name: 'word\\vbaProject.bin', data: '' },
      ]),
      MIME.docx,
      'MACROS',
    ],
    [
      'a.docx',
      zip([
        { name: '[Content_Types].xml', data: '' },
        { name: 'word/document.xml', data: '', flags: 1 },
      ]),
      MIME.docx,
      'PROTECTED_OFFICE',
    ],
    [
      'a.docx',
      zip([
        { name: '[Content_Types].xml', data: '' },
        { name: 'ppt/presentation.xml', data: '' },
      ]),
      MIME.docx,
      'PRESENTATION',
    ],
  ];
  for (const [name, content, declared, remedy] of refused) {
    it(`refuses ${JSON.stringify(name)} (${content.length} bytes, declared ${declared}) as ${remedy}`, async () => {
      assert.equal(await judge(name, content, declared), remedy);
    });
  }

  it('that the tenant does not list is refused', async () => {
    assert.equal(await judge('a.txt', 'x', MIME.txt, { mime_allowlist: [MIME.pdf] }), 'NOT_ALLOWED');
  });

  it('says what was declared and what the content shows, whatever it is refused for', async () => {
    for (const [name, content, declared] of refused) {
      const { details } = await problemOf(name, content, declared);
      assert.equal(details.declared, declared, name);
      assert.equal(typeof details.sniffed, 'string', name);
    }
  });

  it('is refused before the checksum is looked at', async () => {
    assert.equal(await judge('a.exe', 'x', MIME.txt), 'EXECUTABLE');
  });
});

it('every refusal says what happened and what to do, in plain sentences', () => {
  for (const { message, remediation } of Object.values(INTAKE_REMEDIES)) {
    for (const text of [message, remediation]) assert.match(text, /^[A-Z].{10,}\.$/);
  }
});
