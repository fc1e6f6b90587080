import { createHmac } from 'node:crypto';
import { sha256Hex } from '../../../kernel/digest.ts';
import { secondOf } from '../../../kernel/second-of.ts';
import { type Credentials, REGION } from './client.ts';

/** What is signed of a request. Header names in lower case; `host` is among them. */
export interface SignedRequest {
  method: string;
  /** Path and query as they are sent, percent-encoded (RFC 3986). */
  path: string;
  headers: Readonly<Record<string, string>>;
  /** Hex SHA-256 of the body. */
  bodySha256: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * The headers of a request with its signature (AWS Signature Version 4, service `s3`), good for 15 minutes from `at`. The
 * stock client signs what it sends itself; this is for the admin calls, which it does not know.
 */
export function signed(
  request: SignedRequest,
  credentials: Credentials,
  at: Date,
  service: 's3' | 'sts' = 's3',
): Record<string, string> {
  const time = secondOf(at);
  const scope = `${time.slice(0, 8)}/${REGION}/${service}/aws4_request`;
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-content-sha256': request.bodySha256,
    'x-amz-date': time,
  };
  const names = Object.keys(headers).sort();
  const [path = '/', query = ''] = request.path.split('?', 2);
  const canonical = [
    request.method,
    path,
    query.split('&').filter(Boolean).map(withEquals).sort().join('&'),
    ...names.map((name) => `${name}:${headers[name]!.trim()}`),
    '',
    names.join(';'),
    request.bodySha256,
  ].join('\n');
  const digest = sha256Hex(canonical);
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${credentials.secretKey}`);
  const signature = hmac(key, [ALGORITHM, time, scope, digest].join('\n')).toString('hex');
  const credential = `${credentials.accessKey}/${scope}`;
  headers.authorization = `${ALGORITHM} Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return headers;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function withEquals(parameter: string): string {
  return parameter.includes('=') ? parameter : `${parameter}=`;
}
