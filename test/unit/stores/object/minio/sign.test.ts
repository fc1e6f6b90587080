import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { signed } from '../../../../../appliance/stores/object/minio/sign.ts';

/** The examples of the publisher's documentation of Signature Version 4 for S3. */
const CREDENTIALS = { accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const AT = new Date('2013-05-24T00:00:00Z');
const HOST = { host: 'examplebucket.s3.amazonaws.com' };
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const EXAMPLES = [
  {
    name: 'an object in part',
    request: { method: 'GET', path: '/test.txt', headers: { ...HOST, range: 'bytes=0-9' }, bodySha256: sha256('') },
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    name: 'an upload',
    request: {
      method: 'PUT',
      path: '/test%24file.text',
      headers: { ...HOST, date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      bodySha256: sha256('Welcome to Amazon S3.'),
    },
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    name: 'a parameter without a value',
    request: { method: 'GET', path: '/?lifecycle', headers: HOST, bodySha256: sha256('') },
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    name: 'parameters in another order',
    request: { method: 'GET', path: '/?prefix=J&max-keys=2', headers: HOST, bodySha256: sha256('') },
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
] as const;

describe('a signature', () => {
  for (const { name, request, signature } of EXAMPLES) {
    it(`of ${name} is the published one`, () => {
      const { authorization } = signed(request, CREDENTIALS, AT);
      assert.match(
        authorization!,
        /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/20130524\/us-east-1\/s3\/aws4_request, /,
      );
      assert.ok(authorization!.endsWith(`Signature=${signature}`), authorization);
    });
  }
});
