import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkMetadata } from '../../../../../appliance/data/1-intake/uploads/metadata.ts';
import { isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';

const base64 = (value: string | Uint8Array) => Buffer.from(value as string).toString('base64');

test('what clients send is taken: names in any script, keys without a value, a path as mere text', () => {
  checkMetadata(`filename ${base64('契約書 «final» 🧊.pdf')}`);
  checkMetadata(`name ${base64('../../etc/passwd')},type ${base64('application/pdf')},relativePath ${base64('a/b')}`);
  checkMetadata('is_confidential');
  checkMetadata(`filename ${base64('\ufeffa.pdf')},sha256 ${base64('0'.repeat(64))}`);
});

const REFUSED: Record<string, string> = {
  'no key': `,filename ${base64('a')}`,
  'a key twice': `a ${base64('x')},a ${base64('y')}`,
  'a long key': `${'k'.repeat(65)} ${base64('x')}`,
  'a key that is no ASCII': `schlüssel ${base64('x')}`,
  'too many keys': Array.from({ length: 17 }, (_, n) => `k${n}`).join(','),
  'no Base64': 'filename canary.pdf',
  'bytes that are no text': `filename ${base64(Buffer.from([0xff, 0xfe, 0x41]))}`,
  'a NUL': `filename ${base64('canary\0.pdf')}`,
  'an empty file name': 'filename ',
  'a long file name': `filename ${base64('canary'.repeat(50))}`,
  'a long value': `other ${base64('canary'.repeat(200))}`,
  'three words': `filename ${base64('a')} ${base64('b')}`,
};
for (const [what, header] of Object.entries(REFUSED)) {
  test(`${what} is refused, and not repeated`, () => {
    assert.throws(
      () => checkMetadata(header),
      (error) =>
        isFrostbyteError(error, 'VALIDATION_ERROR') &&
        !JSON.stringify([error.message, error.details]).includes('canary'),
    );
  });
}
