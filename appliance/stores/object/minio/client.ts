import type { IncomingMessage, request } from 'node:http';
import { Client } from 'minio';
import type { Connection } from './connection.ts';

export interface Credentials {
  accessKey: string;
  secretKey: string;
}

/** The one region of a MinIO; naming it spares a question per bucket. */
export const REGION = 'us-east-1';

/**
 * The stock client over a connection of ours: path style, one region, no repetition of its own, and payloads signed with
 * their SHA-256 over TLS too.
 */
export function openClient(connection: Connection, { accessKey, secretKey }: Credentials): Client {
  const client = new Client({
    endPoint: connection.endpoint.hostname,
    port: connection.port,
    useSSL: connection.secure,
    accessKey,
    secretKey,
    region: REGION,
    transport: { request: connection.request.bind(connection) as typeof request },
    transportAgent: connection.agent,
    retryOptions: { disableRetry: true },
  });
  client.enableSHA256 = true;
  return client;
}

/** The length that an answer announces. */
export function sizeOf(response: IncomingMessage): number {
  return Number(response.headers['content-length'] ?? 0);
}

/** The same memory as the client wants it. */
export function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
