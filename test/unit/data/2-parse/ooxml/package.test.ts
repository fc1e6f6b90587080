import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readDocx } from '../../../../../appliance/data/2-parse/docx/read-docx.ts';
import { openPackage } from '../../../../../appliance/data/2-parse/ooxml/package.ts';
import { OOXML_VERSIONS } from '../../../../../appliance/data/2-parse/ooxml/versions.ts';
import { readXlsx } from '../../../../../appliance/data/2-parse/xlsx/read-xlsx.ts';
import { type ErrorCode, isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { docx, docxParts, gridRows, paragraph, readOptions, xlsx, zip } from '../../../../support/ooxml-builder.ts';

const body = paragraph('Hello');
const refused =
  (code: ErrorCode, message: RegExp = /./) =>
  (error: unknown) =>
    isFrostbyteError(error, code) && message.test(error.message);
const read = (bytes: Uint8Array, limits = {}) => readDocx(bytes, readOptions(limits));

/** A part that compresses far better than text does. */
const bomb = (size: number) => ({ name: 'word/media/image1.bin', data: new Uint8Array(size), deflate: true });

describe('an Office package', () => {
  it('reads the same stored and compressed, and with any prefix for its namespaces', async () => {
    const plain = await read(docx({ body }));
    assert.deepEqual(await read(docx({ body, deflate: true })), plain);
    const renamed = docxParts({ body }).map((part) =>
      part.name === 'word/document.xml'
        ? { ...part, data: String(part.data).replaceAll('w:', 'ns0:').replaceAll('xmlns:w=', 'xmlns:ns0=') }
        : part,
    );
    assert.deepEqual(await read(zip(renamed)), plain);
  });

  it('in the strict dialect reads the same', async () => {
    const strict = docxParts({ body, styles: '<w:style w:styleId="a"/>' }).map((part) => ({
      ...part,
      data: String(part.data)
        .replaceAll(
          'http://schemas.openxmlformats.org/wordprocessingml/2006/main',
          'http://purl.oclc.org/ooxml/wordprocessingml/main',
        )
        .replaceAll(
          'http://schemas.openxmlformats.org/officeDocument/2006/relationships',
          'http://purl.oclc.org/ooxml/officeDocument/relationships',
        ),
    }));
    assert.deepEqual(await read(zip(strict)), await read(docx({ body })));
  });

  it('in UTF-16 reads the same', async () => {
    const parts = docxParts({ body: paragraph('Größe') }).map((part) =>
      part.name === 'word/document.xml' ? { ...part, data: Buffer.from(`\ufeff${part.data}`, 'utf16le') } : part,
    );
    const { pages } = await read(zip(parts));
    assert.deepEqual(
      pages[0]!.blocks.map((block) => 'text' in block && block.text),
      ['Größe'],
    );
  });

  it('is refused when its unpacked size is out of proportion, or over the limit', async () => {
    const ratio = docx({ body, extra: [bomb(3 << 20)] });
    await assert.rejects(read(ratio), refused('FILE_CORRUPTED', /far more/));
    await read(ratio, { maxCompressionRatio: 1e6 });
    await assert.rejects(
      read(ratio, { maxCompressionRatio: 1e6, maxUnpackedBytes: 1 << 20 }),
      refused('FILE_CORRUPTED', /limit/),
    );
  });

  it('is refused when an entry lies about its size', async () => {
    const parts = docxParts({ body: paragraph('x'.repeat(5000)), deflate: true });
    const lying = parts.map((part) => (part.name === 'word/document.xml' ? { ...part, claimedSize: 100 } : part));
    await assert.rejects(read(zip(lying)), refused('FILE_CORRUPTED'));
  });

  it('is refused with too many entries, two of one name, or a wrong checksum', async () => {
    const extra = Array.from({ length: 20 }, (_, at) => ({ name: `x${at}`, data: '' }));
    await assert.rejects(read(docx({ body, extra }), { maxArchiveEntries: 20 }), refused('FILE_CORRUPTED', /too many/));
    await assert.rejects(
      read(docx({ body, extra: [{ name: 'WORD/Document.xml', data: '' }] })),
      refused('FILE_CORRUPTED', /one name/),
    );
    const bytes = Buffer.from(docx({ body }));
    const at = bytes.indexOf('Hello');
    bytes.write('Jello', at);
    await assert.rejects(read(bytes), refused('FILE_CORRUPTED', /checksum/));
  });

  it('is refused with XML nested too deeply', async () => {
    const deep = `${'<w:sdt>'.repeat(500)}${'</w:sdt>'.repeat(500)}`;
    await assert.rejects(read(docx({ body: deep })), refused('FILE_CORRUPTED', /nested/));
  });

  it('is refused with a document type, so that no entity can expand', async () => {
    const entities = Array.from({ length: 9 }, (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`).join('');
    const prolog = `<!DOCTYPE w:document [<!ENTITY l0 "lol">${entities}]>`;
    await assert.rejects(read(docx({ body: paragraph('&l9;'), prolog })), refused('FILE_CORRUPTED', /document type/));
    const outside = '<!DOCTYPE w:document SYSTEM "file:///etc/passwd">';
    await assert.rejects(read(docx({ body, prolog: outside })), refused('FILE_CORRUPTED', /document type/));
    await assert.rejects(read(docx({ body: paragraph('&other;') })), refused('FILE_CORRUPTED', /well-formed/));
  });

  it('is called encrypted where a password protects it, as a container or entry by entry', async () => {
    const magic = Buffer.from('d0cf11e0a1b11ae1', 'hex');
    const container = Buffer.concat([magic, Buffer.alloc(504), Buffer.from('EncryptedPackage', 'utf16le')]);
    await assert.rejects(read(container), refused('FILE_ENCRYPTED'));
    for (const flags of [0x801, 0x841]) {
      const entries = docxParts({ body, deflate: true }).map((part) => ({ ...part, flags }));
      await assert.rejects(read(zip(entries)), refused('FILE_ENCRYPTED'));
    }
  });

  it('is refused as an old binary format, a macro-enabled file or another kind of document', async () => {
    const old = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(504)]);
    await assert.rejects(read(old), refused('UNSUPPORTED_FORMAT', /binary/));
    const macros = docx({ body, type: 'application/vnd.ms-word.document.macroEnabled.main+xml' });
    await assert.rejects(read(macros), refused('UNSUPPORTED_FORMAT', /macro/));
    await assert.rejects(read(xlsx({ sheets: [{ name: 'S', rows: '' }] })), refused('UNSUPPORTED_FORMAT', /kind/));
    await assert.rejects(
      openPackage(docx({ body }), 'spreadsheetml', readOptions().limits),
      refused('UNSUPPORTED_FORMAT'),
    );
  });

  it('without a main part, without content types, or that is no archive, is corrupted', async () => {
    const parts = docxParts({ body });
    await assert.rejects(
      read(zip(parts.filter((part) => part.name !== 'word/document.xml'))),
      refused('FILE_CORRUPTED'),
    );
    await assert.rejects(read(zip(parts.slice(1))), refused('FILE_CORRUPTED'));
    await assert.rejects(read(new Uint8Array()), refused('FILE_CORRUPTED'));
    await assert.rejects(read(Buffer.from('no archive at all')), refused('FILE_CORRUPTED'));
  });

  it('says the versions of its libraries as package.json pins them', () => {
    const { dependencies } = JSON.parse(readFileSync(new URL('../../../../../package.json', import.meta.url), 'utf8'));
    for (const [name, version] of Object.entries(OOXML_VERSIONS)) assert.equal(dependencies[name], version);
  });
});

describe('a damaged Office file', () => {
  /** A small generator of its own, so that a failure repeats. */
  const random = (seed: number) => () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const files = [
    [readDocx, docx({ body: body.repeat(5), styles: '<w:style w:styleId="a"/>', deflate: true })],
    [readDocx, docx({ body: body.repeat(5), footnotes: '<w:footnote w:id="1"/>' })],
    [
      readXlsx,
      xlsx({
        sheets: [
          {
            name: 'S',
            rows: gridRows([
              ['a', 'b'],
              [1, 2],
            ]),
          },
        ],
        strings: ['x'],
      }),
    ],
  ] as const;

  it('cut off anywhere is refused with a code, never another exception', async () => {
    for (const [reader, bytes] of files) {
      for (let length = 0; length < bytes.length; length += 37) {
        await assert.rejects(reader(bytes.subarray(0, length), readOptions()), (error) =>
          isFrostbyteError(error, 'FILE_CORRUPTED'),
        );
      }
    }
  });

  it('with flipped bytes gives a layout or a refusal with a code', async () => {
    const next = random(7);
    for (const [reader, bytes] of files) {
      for (let round = 0; round < 250; round++) {
        const bent = Uint8Array.from(bytes);
        const flips = 1 + Math.floor(next() * 4);
        for (let flip = 0; flip < flips; flip++) bent[Math.floor(next() * bent.length)]! ^= 1 << Math.floor(next() * 8);
        try {
          const layout = await reader(bent, readOptions());
          assert.ok(Array.isArray(layout.pages));
        } catch (error) {
          assert.ok(isFrostbyteError(error, 'FILE_CORRUPTED', 'FILE_ENCRYPTED', 'UNSUPPORTED_FORMAT'), String(error));
        }
      }
    }
  });

  it('with bent XML but sound checksums gives a layout or a refusal with a code', async () => {
    const next = random(11);
    const parts = docxParts({
      body: `${body}<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>${body}</w:tc></w:tr></w:tbl>`,
      numbering: '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>',
      styles: '<w:style w:styleId="a"><w:name w:val="heading 1"/></w:style>',
    });
    for (let round = 0; round < 300; round++) {
      const bent = parts.map((part) => {
        const data = Buffer.from(part.data as string);
        if (next() < 0.5) data[Math.floor(next() * data.length)] = 32 + Math.floor(next() * 95);
        return { ...part, data };
      });
      try {
        await read(zip(bent));
      } catch (error) {
        assert.ok(isFrostbyteError(error, 'FILE_CORRUPTED', 'UNSUPPORTED_FORMAT'), String(error));
      }
    }
  });
});
