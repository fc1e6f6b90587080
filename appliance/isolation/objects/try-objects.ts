import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { IsolationOrder, OrderTarget } from '../../api/plane/isolation-order.ts';
import { newId } from '../../kernel/ids.ts';
import { secondOf } from '../../kernel/second-of.ts';
import { Bucket } from '../../stores/object/minio/bucket.ts';
import { type Credentials, openClient } from '../../stores/object/minio/client.ts';
import { Connection } from '../../stores/object/minio/connection.ts';
import { removeKey } from '../../stores/object/minio/remove.ts';
import { type Answer, Inconclusive, type Tries } from '../attempt.ts';
import { type RawAnswer, type RawCall, type RawServer, send } from './signed-call.ts';
import {
  adminThefts,
  assumeRole,
  dataThefts,
  isReading,
  type Prey,
  pathTricks,
  ruleThefts,
  STOLEN,
  type Theft,
} from './thefts.ts';

/** Content that only the probe's data plane writes; what aims at it may lose it. */
export const CANARY = 'receipts/canary';

/**
 * The object store (spec 3, row "MinIO"): the tenant's own bucket first, then what a thief with its credentials would try.
 * Real tenants' buckets are only read; what writes, deletes or administers aims at the probe's.
 */
export async function tryObjects(order: IsolationOrder, tries: Tries): Promise<void> {
  const { endpoint, tls, bucket, access_key: accessKey, secret_key: secretKey } = order.own.objects;
  const server: RawServer = { endpoint, tls };
  const thief: Credentials = { accessKey, secretKey };
  const ask = (call: RawCall) => send(server, thief, call);
  const ownKey = `receipts/isolation-${newId()}`;

  const useOwn = async () => {
    const bytes = randomBytes(16).toString('hex');
    const put = await ask({ method: 'PUT', path: `/${bucket}/${ownKey}`, body: bytes });
    const got = await ask({ method: 'GET', path: `/${bucket}/${ownKey}` });
    if (put.status !== 200 || got.body !== bytes) throw new Error('not stored');
  };
  if (!(await tries.own('own access', useOwn))) return;
  try {
    for (const target of order.targets) await tryTarget(target);
    await tries.stillOwn(useOwn);
  } finally {
    await clearAway();
  }

  /** All versions, and the marks of their deletion: a check leaves nothing, however often it comes. */
  async function clearAway(): Promise<void> {
    const own = new Bucket({ endpoint, tls, bucket, ...thief });
    try {
      for (const key of [ownKey, ...STOLEN]) await removeKey(own, key);
    } finally {
      own.close();
    }
  }

  async function tryTarget(target: OrderTarget): Promise<void> {
    const prey: Prey = {
      own: bucket,
      ownKey,
      other: target.objects.bucket,
      key: CANARY,
      user: target.objects.user ?? 'AKIAIOSFODNN7EXAMPLE',
    };
    const attempt = (theft: Theft) =>
      tries.foreign(target.tenant_id, theft.name, async () => answerTo(theft, await ask(await theft.call(thief))));
    await tries.foreign(target.tenant_id, 'find it in the list of buckets', async () => listed(prey, await ask(LIST)));
    for (const theft of dataThefts(prey)) if (target.probe || isReading(theft)) await attempt(theft);
    for (const theft of pathTricks(prey)) await attempt(theft);
    await tries.foreign(target.tenant_id, 'read by an address that was signed beforehand', () => presigned(prey));
    if (!target.probe) return;
    for (const theft of [...ruleThefts(prey), ...adminThefts(prey)]) await attempt(theft);
    // The server refuses them to nobody; the guard before it gives them to control's network alone.
    if (order.inside) await attempt({ name: 'ask for temporary credentials', call: () => assumeRole() });
    for (const marked of ['header', 'query'] as const) {
      await tries.foreign(
        target.tenant_id,
        `write with a known access key and an unsigned trailer (${marked})`,
        async () => answerTo({}, await send(server, null, unsignedTrailer(prey, marked))),
      );
    }
    for (const path of ['/', `/${bucket}/${ownKey}`, '/minio/admin/v3/info', '/minio/v2/metrics/cluster']) {
      await tries.foreign(
        target.tenant_id,
        `ask without a signature for ${path.replace(bucket, 'OWN').replace(ownKey, 'KEY')}`,
        async () => answerTo({}, await send(server, null, { method: 'GET', path })),
      );
    }
  }

  async function presigned({ own, other, key }: Prey): Promise<Answer> {
    const connection = new Connection(server);
    try {
      const client = openClient(connection, thief);
      const direct = await client.presignedGetObject(other, key, 60);
      const bent = (await client.presignedGetObject(own, key, 60)).replace(own, other);
      for (const address of [direct, bent]) {
        const { pathname, search } = new URL(address);
        const answer = answerTo({}, await send(server, null, { method: 'GET', path: `${pathname}${search}` }));
        if (answer === 'allowed') return answer;
      }
      return 'denied';
    } finally {
      connection.close();
    }
  }
}

const LIST: RawCall = { method: 'GET', path: '/' };

function listed({ other }: Prey, { status, body }: RawAnswer): Answer {
  if (status === 403) return 'denied';
  if (status !== 200) throw new Inconclusive(`the server answered ${status}`);
  return body.includes(`>${other}<`) ? 'allowed' : 'denied';
}

/** Anything but a refusal means that the server looked at what was asked, and not at who asked. */
function answerTo({ evenRoot, mayBeMissing }: Partial<Theft>, { status, code }: RawAnswer): Answer {
  if (status >= 500 || status === 429) throw new Inconclusive(`the server answered ${status} ${code}`);
  if (status === 401 || status === 403) return 'denied';
  // Refused for its form whoever asks: that it was not served is all there is to know.
  if (evenRoot) return status >= 400 ? 'denied' : 'allowed';
  return mayBeMissing === true && status === 404 ? 'denied' : 'allowed';
}

/** What CVE-2026-41145 lets anybody write who knows an access key; the guard before the server refuses it. */
export function unsignedTrailer({ user, other }: Pick<Prey, 'user' | 'other'>, marked: 'header' | 'query'): RawCall {
  const body = 'planted';
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  const trailer = `x-amz-checksum-crc32:${sum.toString('base64')}`;
  const time = secondOf(new Date());
  const scope = `${user}/${time.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const query = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(scope)}`,
    `X-Amz-Date=${time}`,
    'X-Amz-Expires=600',
    'X-Amz-SignedHeaders=host',
    `X-Amz-Signature=${'0'.repeat(64)}`,
  ].join('&');
  const inQuery = marked === 'query' ? '&X-Amz-Content-Sha256=STREAMING-UNSIGNED-PAYLOAD-TRAILER' : '';
  return {
    method: 'PUT',
    path: `/${other}/receipts/planted?${query}${inQuery}`,
    headers: {
      ...(marked === 'header' ? { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' } : {}),
      'x-amz-decoded-content-length': String(body.length),
      'x-amz-trailer': 'x-amz-checksum-crc32',
      'content-encoding': 'aws-chunked',
    },
    body: `${body.length.toString(16)}\r\n${body}\r\n0\r\n${trailer}\r\n\r\n`,
  };
}
