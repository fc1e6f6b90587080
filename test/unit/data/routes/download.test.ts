import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { download } from '../../../../appliance/data/routes/download.ts';

const MIB = 1024 * 1024;
const chunks = (count: number) => Array.from({ length: count }, (_, n) => Buffer.alloc(MIB, n));
const always = async () => true;

test('an object comes whole, as an attachment that nothing opens by itself', async () => {
  const response = download(Readable.from([Buffer.from('one'), Buffer.from('two')]), {
    filename: 'doc_1.quarantined',
    bytes: 6,
    mayGoOn: always,
  });
  const { headers } = response;
  assert.equal(headers.get('content-disposition'), 'attachment; filename="doc_1.quarantined"');
  assert.equal(headers.get('content-type'), 'application/octet-stream');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.equal(headers.get('content-length'), '6');
  assert.equal(await response.text(), 'onetwo');
});

test('a download that may not go on breaks, and does not look whole', async () => {
  for (const mayGoOn of [async () => false, () => Promise.reject(new Error('the tenant was stopped'))]) {
    let looks = 0;
    const source = Readable.from(chunks(40));
    const response = download(source, {
      filename: 'x',
      bytes: 40 * MIB,
      mayGoOn: async () => (++looks < 3 ? true : mayGoOn()),
    });
    await assert.rejects(response.arrayBuffer());
    assert.equal(source.destroyed, true);
    assert.equal(looks, 3);
  }
});

test('a source that fails breaks the download', async () => {
  const source = Readable.from(
    (async function* () {
      yield Buffer.from('half');
      throw new Error('cut');
    })(),
  );
  await assert.rejects(download(source, { filename: 'x', bytes: null, mayGoOn: always }).text());
});

test('who leaves ends the reading', async () => {
  const source = Readable.from(chunks(40));
  const reader = download(source, { filename: 'x', bytes: null, mayGoOn: always }).body!.getReader();
  await reader.read();
  await reader.cancel();
  assert.equal(source.destroyed, true);
});
