import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import iconv from 'iconv-lite';
import { decodeText } from '../../../../../appliance/data/2-parse/text/decode.ts';
import { TEXT_VERSIONS } from '../../../../../appliance/data/2-parse/text/versions.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';

const SAMPLES: [string, string][] = [
  ['windows-1252', 'Müller prüft die Größe der Häuser, während Jürgen für alle übrigen Gäste früh öffnet.'],
  ['windows-1251', 'Договор вступает в силу с момента его подписания обеими сторонами.'],
  ['koi8-r', 'Договор вступает в силу с момента его подписания обеими сторонами.'],
  ['shift_jis', 'これはテストです。日本語の文章。'],
  ['shift_jis', '名前,年齢,住所\n山田花子,30,東京\n鈴木一郎,25,大阪\n'],
  ['euc-jp', 'これはテストです。日本語の文章を読みます。'],
  ['gb18030', '这是一个中文的文本，用于测试编码。'],
  ['big5', '這是一個繁體中文的測試文件，用來檢查編碼。'],
  ['big5', '名稱,價格\n蘋果,10\n'],
  ['euc-kr', '한국어 텍스트입니다. 인코딩을 시험합니다.'],
];

describe('decoding text', () => {
  it('believes a byte-order mark', () => {
    for (const encoding of ['utf-8', 'utf-16le', 'utf-16be', 'utf-32le', 'utf-32be']) {
      const decoded = decodeText(iconv.encode('\ufeffGrüße, 世界', encoding));
      assert.equal(decoded.text.replace(/^\ufeff/, ''), 'Grüße, 世界');
      assert.equal(decoded.encoding, encoding);
    }
  });

  it('takes what is valid UTF-8 for UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('\u0000') && !text.startsWith('\ufeff') && !/[\u0000-\u0008\u000e-\u001f]/.test(text));
        assert.deepEqual(decodeText(Buffer.from(text)), { text, encoding: 'utf-8' });
      }),
    );
  });

  it('knows UTF-16 without a mark by its zero bytes', () => {
    const text = 'The quick brown fox; el niño; 42\n'.repeat(3);
    assert.deepEqual(decodeText(iconv.encode(text, 'utf-16le')), { text, encoding: 'utf-16le' });
    assert.deepEqual(decodeText(iconv.encode(text, 'utf-16be')), { text, encoding: 'utf-16be' });
  });

  for (const [encoding, text] of SAMPLES) {
    it(`reads ${encoding}: ${text.slice(0, 12).trim()}`, () =>
      assert.equal(decodeText(iconv.encode(text, encoding)).text, text));
  }

  it('reads short Western text with a few accents', () => {
    assert.equal(decodeText(iconv.encode('El niño comió', 'latin1')).text, 'El niño comió');
    assert.equal(decodeText(iconv.encode('café;naïve;10 €', 'windows-1252')).text, 'café;naïve;10 €');
  });

  it('refuses binary data', () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, at) => (at * 37) % 256);
    assert.throws(
      () => decodeText(bytes),
      (error) => isFrostbyteError(error, 'FILE_CORRUPTED'),
    );
  });

  it('of any bytes gives text or a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          assert.equal(typeof decodeText(bytes).text, 'string');
        } catch (error) {
          assert.ok(isFrostbyteError(error, 'FILE_CORRUPTED'), String(error));
        }
      }),
    );
  });

  it('says the versions of its libraries as package.json pins them', () => {
    const { dependencies } = JSON.parse(readFileSync(new URL('../../../../../package.json', import.meta.url), 'utf8'));
    for (const [name, version] of Object.entries(TEXT_VERSIONS)) assert.equal(dependencies[name], version);
  });
});
