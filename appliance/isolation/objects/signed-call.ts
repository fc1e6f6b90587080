import { sha256Hex } from '../../kernel/digest.ts';
import type { ServerTls } from '../../kernel/server-tls.ts';
import type { Credentials } from '../../stores/object/minio/client.ts';
import { Connection } from '../../stores/object/minio/connection.ts';
import { Refusal } from '../../stores/object/minio/refusal.ts';
import { signed } from '../../stores/object/minio/sign.ts';

/** A request as anybody could send it. */
export interface RawCall {
  method: string;
  /** Path and query exactly as they go out. */
  path: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
  service?: 's3' | 'sts';
  /** Of temporary credentials. */
  token?: string;
}

export interface RawAnswer {
  status: number;
  /** The server's own word where it refused. */
  code: string;
  body: string;
}

/** Where an object store is, and how it is spoken to. */
export interface RawServer {
  endpoint: string;
  tls?: ServerTls | undefined;
}

/** Sends a request signed by `credentials`, or by nobody, and says what came of it; 200 stands for any success. */
export async function send(server: RawServer, credentials: Credentials | null, call: RawCall): Promise<RawAnswer> {
  const connection = new Connection(server);
  const body = Buffer.from(call.body ?? '');
  const own = {
    host: connection.endpoint.host,
    ...call.headers,
    ...(call.token === undefined ? {} : { 'x-amz-security-token': call.token }),
  };
  const bodySha256 = sha256Hex(body);
  const request = { method: call.method, path: call.path, headers: own, bodySha256 };
  const headers = credentials === null ? own : signed(request, credentials, new Date(), call.service);
  try {
    const length = { 'content-length': body.byteLength };
    const answer = await connection.call(call.method, call.path, { ...headers, ...length }, body);
    const text = answer.toString('utf8');
    // What was asked of many things at once is refused one by one, in a success.
    const code = /<Error>.*?<Code>([A-Za-z0-9]+)<\/Code>/s.exec(text)?.[1];
    return code === undefined ? { status: 200, code: '', body: text } : { status: 403, code, body: text };
  } catch (error) {
    if (error instanceof Refusal) return { status: error.status, code: error.code, body: '' };
    throw error;
  } finally {
    connection.close();
  }
}

/** The text of an element in an answer. */
export function element(xml: string, name: string): string {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  if (found === undefined) throw new Error(`the answer has no ${name}`);
  return found;
}
