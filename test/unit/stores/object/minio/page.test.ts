import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import {
  parsePage,
  parsePartPage,
  parseVersionPage,
  timeOf,
} from '../../../../../appliance/stores/object/minio/page.ts';

const entry = (key: string, size: string | number, more = '') =>
  `<Contents><Key>${key}</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified>${more}<Size>${size}</Size></Contents>`;
const answer = (body: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>${body}</ListBucketResult>`;
const unreadable = (error: unknown) => isFrostbyteError(error, 'STORE_UNAVAILABLE');
const modified = '2026-01-02T03:04:05.678Z';

describe('a page of a listing', () => {
  it('gives names, sizes and times in the order of the answer', () => {
    const owner = '<ETag>&#34;d41d&#34;</ETag><Owner><ID>x</ID></Owner>';
    const page = parsePage(
      answer(`${entry('raw/a%3Db', 5, owner) + entry('raw/a', 0)}<IsTruncated>false</IsTruncated>`),
    );
    assert.deepEqual(page, {
      objects: [
        { name: 'raw/a=b', size: 5, modified },
        { name: 'raw/a', size: 0, modified },
      ],
      next: '',
    });
  });

  it('has times that can be read, or none that anything is removed by', () => {
    assert.equal(timeOf(modified), Date.UTC(2026, 0, 2, 3, 4, 5, 678));
    assert.throws(() => timeOf('yesterday'), unreadable);
  });

  it('says how to go on where there is more, and only there', () => {
    const token = '<NextContinuationToken>a+b/c=&amp;&#x3d;</NextContinuationToken>';
    assert.equal(parsePage(answer(`<IsTruncated>true</IsTruncated>${token}`)).next, 'a+b/c=&=');
    assert.equal(parsePage(answer(`<IsTruncated>false</IsTruncated>${token}`)).next, '');
  });

  for (const [name, xml] of [
    ['another document', '<Error><Code>SlowDown</Code></Error>'],
    ['nothing', ''],
    ['an object without a size', answer('<Contents><Key>raw/a</Key></Contents>')],
    ['a size that is no number', answer(entry('raw/a', 'many'))],
    ['a size below nothing', answer(entry('raw/a', -1))],
    ['more to come and no way to ask for it', answer('<IsTruncated>true</IsTruncated>')],
  ] as const) {
    it(`refuses ${name}`, () => {
      assert.throws(() => parsePage(xml), unreadable);
    });
  }

  it('a page of versions gives every version with its size, no marks of deletion, and what asks for the next', () => {
    const version = (key: string, size: number) => `<Version><Key>${key}</Key><Size>${size}</Size></Version>`;
    const page = parseVersionPage(
      `<ListVersionsResult><NextKeyMarker>b%2Fc+d</NextKeyMarker><NextVersionIdMarker>v-1</NextVersionIdMarker><IsTruncated>true</IsTruncated>${version('a%2Fb', 3)}<DeleteMarker><Key>a%2Fc</Key></DeleteMarker>${version('b%2Fc+d', 0)}</ListVersionsResult>`,
    );
    assert.deepEqual(page, {
      versions: [
        { name: 'a/b', size: 3 },
        { name: 'b/c d', size: 0 },
      ],
      next: { key: 'b/c d', versionId: 'v-1' },
    });
    assert.equal(
      parseVersionPage('<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>').next,
      null,
    );
    assert.throws(() => parseVersionPage('<html/>'), { code: 'STORE_UNAVAILABLE' });
  });

  it('a page of parts gives their sizes and the number that the next page begins behind', () => {
    const part = (size: number) => `<Part><PartNumber>1</PartNumber><Size>${size}</Size></Part>`;
    const text = `<ListPartsResult><NextPartNumberMarker>2</NextPartNumberMarker><IsTruncated>true</IsTruncated>${part(5)}${part(7)}</ListPartsResult>`;
    assert.deepEqual(parsePartPage(text), { sizes: [5, 7], next: 2 });
    assert.equal(parsePartPage(text.replace('true', 'false')).next, null);
    assert.throws(() => parsePartPage(text.replace('<Size>7', '<Size>x')), { code: 'STORE_UNAVAILABLE' });
  });
});
