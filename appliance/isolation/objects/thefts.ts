import { createHash } from 'node:crypto';
import type { Credentials } from '../../stores/object/minio/client.ts';
import { sealBody } from '../../stores/object/minio/sealed-body.ts';
import type { RawCall } from './signed-call.ts';

/** What a thief with a tenant's credentials would try. */
export interface Theft {
  name: string;
  /** The request, as `caller` would send it. */
  call(caller: Credentials): RawCall | Promise<RawCall>;
  /** Refused for what it is, whoever asks: an administrator's attempt proves nothing. */
  evenRoot?: true;
  /** It only reads: real tenants may be asked it too. */
  reads?: true;
  /** What it aims at exists only where an earlier attempt succeeded: the server may also say that it is not there. */
  mayBeMissing?: true;
}

export interface Prey {
  /** The thief's own bucket. */
  own: string;
  ownKey: string;
  /** Another tenant's, and what lies in it. */
  other: string;
  key: string;
  /** Another tenant's user. */
  user: string;
}

const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const md5 = (body: string) => ({ 'content-md5': createHash('md5').update(body).digest('base64') });
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** Where a copy would lie in the thief's own bucket, had it come about. */
export const STOLEN = Object.freeze(['receipts/stolen', 'receipts/stolen-too', 'receipts/climbed'] as const);

/** At what lies in another tenant's bucket. The order is the administrator's: what destroys comes last. */
export function dataThefts({ own, other, key }: Prey): Theft[] {
  const get = (path: string): RawCall => ({ method: 'GET', path });
  const put = (path: string, headers = {}): RawCall => ({ method: 'PUT', path, headers, body: '' });
  const deletion = `<Delete ${XMLNS}><Object><Key>${key}</Key></Object></Delete>`;
  const thefts: [string, RawCall][] = [
    ['list', get(`/${other}?list-type=2`)],
    ['list in the old way', get(`/${other}`)],
    ['list versions', get(`/${other}?versions`)],
    ['list uploads', get(`/${other}?uploads`)],
    ['look whether it is there', { method: 'HEAD', path: `/${other}` }],
    ['ask where it is', get(`/${other}?location`)],
    ['read', get(`/${other}/${key}`)],
    ['read a range', { ...get(`/${other}/${key}`), headers: { range: 'bytes=0-1' } }],
    ['ask for the size', { method: 'HEAD', path: `/${other}/${key}` }],
    ['read the tags', get(`/${other}/${key}?tagging`)],
    ['copy out', put(`/${own}/${STOLEN[0]}`, { 'x-amz-copy-source': `/${other}/${key}` })],
    ['copy out by an encoded name', put(`/${own}/${STOLEN[1]}`, { 'x-amz-copy-source': `${other}%2F${key}` })],
    ['copy in', put(`/${other}/receipts/planted`, { 'x-amz-copy-source': `/${other}/${key}` })],
    ['write', { ...put(`/${other}/receipts/planted`), body: 'planted' }],
    ['begin an upload', { method: 'POST', path: `/${other}/receipts/planted?uploads` }],
    ['delete', { method: 'DELETE', path: `/${other}/${key}` }],
    ['delete many', { method: 'POST', path: `/${other}?delete`, body: deletion, headers: md5(deletion) }],
  ];
  return thefts.map(([name, call]) => ({
    name: `${name} in another's bucket`,
    call: () => call,
    ...(READING.test(name) ? { reads: true } : {}),
  }));
}

const READING = /^(?:list|look|ask|read|copy out)/;

/** Whether a theft leaves everything as it is. */
export function isReading({ reads }: Theft): boolean {
  return reads === true;
}

/** Paths that a careless server might read as another bucket. */
export function pathTricks({ own, other, key }: Prey): Theft[] {
  const paths = [
    `/${own}/../${other}/${key}`,
    `/${own}/%2e%2e/${other}/${key}`,
    `/${own}/%2E%2E%2F${other}%2F${key}`,
    `/${own}/receipts/..%2f..%2f${other}/${key}`,
    `/${own}/./../${other}/${key}`,
    `//${other}/${key}`,
    `/${own}%2f..%2f${other}/${key}`,
    `/${own}/..%5c${other}%5c${key}`,
    `/.minio.sys/config/config.json`,
    `/${own}/../.minio.sys/config/iam/users/x/identity.json`,
  ];
  const reads = paths.map((path) => ({ name: `read ${path.replaceAll(own, 'OWN').replaceAll(other, 'OTHER')}`, path }));
  return [
    ...reads.map(({ name, path }): Theft => ({ name, evenRoot: true, call: () => ({ method: 'GET', path }) })),
    {
      name: 'copy from a path that climbs',
      evenRoot: true,
      call: () => ({
        method: 'PUT',
        path: `/${own}/${STOLEN[2]}`,
        headers: { 'x-amz-copy-source': `/${own}/../${other}/${key}` },
      }),
    },
  ];
}

/**
 * At the rules of buckets, its own too: who may change them may open them. What would alter its own is malformed, and a
 * server that lets it pass complains of the form: nothing is changed either way.
 */
export function ruleThefts({ own, other }: Prey): Theft[] {
  const open = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: ['*'] }, Action: ['s3:GetObject'], Resource: [`arn:aws:s3:::${own}/*`] },
    ],
  });
  const suspended = `<VersioningConfiguration ${XMLNS}><Status>Suspended</Status></VersioningConfiguration>`;
  const expiry = `<LifecycleConfiguration ${XMLNS}><Rule><ID>x</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>`;
  const put = (path: string, body: string): RawCall => ({ method: 'PUT', path, body, headers: md5(body) });
  const thefts: [string, RawCall][] = [
    ['open its own bucket to everybody', put(`/${own}?policy`, '{')],
    ['read the policy of its own bucket', { method: 'GET', path: `/${own}?policy` }],
    ['remove the policy of its own bucket', { method: 'DELETE', path: `/${own}?policy` }],
    ["open another's bucket to everybody", put(`/${other}?policy`, open.replaceAll(own, other))],
    ['end the versions of its own bucket', put(`/${own}?versioning`, '<')],
    ["end the versions of another's bucket", put(`/${other}?versioning`, suspended)],
    ['have its own objects expire', put(`/${own}?lifecycle`, '<')],
    ["have another's objects expire", put(`/${other}?lifecycle`, expiry)],
    ['tag its own bucket', put(`/${own}?tagging`, '<')],
    ['make a bucket', put(`/${own}-more`, '')],
    ['remove the bucket it made', { method: 'DELETE', path: `/${own}-more` }],
  ];
  return thefts.map(([name, call]) => ({ name, call: () => call }));
}

/** At the server: other users, more rights, credentials that outlive its own. */
export function adminThefts({ own, other, user }: Prey): Theft[] {
  const admin = '/minio/admin/v3';
  const get = (path: string) => () => ({ method: 'GET', path: `${admin}/${path}` });
  const sealed = (path: string, body: (caller: Credentials) => object) => async (caller: Credentials) => ({
    method: 'PUT',
    path: `${admin}/${path}`,
    body: await sealBody(caller.secretKey, Buffer.from(JSON.stringify(body(caller)))),
  });
  const everything = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: ['s3:*'], Resource: ['arn:aws:s3:::*'] }],
  });
  const account = (accessKey: string) => ({ accessKey, secretKey: 'a secret of the thief' });
  return [
    { name: 'list users', call: get('list-users') },
    { name: "look at another's user", call: get(`user-info?accessKey=${user}`) },
    { name: 'list policies', call: get('list-canned-policies') },
    { name: 'look at the server', call: get('info') },
    { name: 'look at the disks', call: get('storageinfo') },
    { name: 'read how full buckets are', call: get('datausageinfo') },
    { name: 'read the configuration', call: async ({ accessKey }) => get(`get-config-kv?key=api&by=${accessKey}`)() },
    { name: "list another's service accounts", call: get(`list-service-accounts?user=${user}`) },
    { name: 'make a service account', call: sealed('add-service-account', () => account('THIEFSERVICEACCOUNT1')) },
    {
      name: "make a service account for another's user",
      call: sealed('add-service-account', () => ({ ...account('THIEFSERVICEACCOUNT2'), targetUser: user })),
    },
    {
      name: 'make a user',
      call: sealed('add-user?accessKey=THIEFUSER00000000001', () => ({ secretKey: 'of the thief', status: 'enabled' })),
    },
    {
      name: 'give itself a policy of its own making',
      call: () => ({ method: 'PUT', path: `${admin}/add-canned-policy?name=${own}-thief`, body: everything }),
    },
    {
      name: 'take the policy of another',
      call: () => ({
        method: 'PUT',
        path: `${admin}/set-user-or-group-policy?policyName=${other}&userOrGroup=THIEFUSER00000000001&isGroup=false`,
      }),
    },
    {
      name: "disable another's user",
      call: () => ({ method: 'PUT', path: `${admin}/set-user-status?accessKey=${user}&status=disabled` }),
    },
    {
      name: 'remove the service account',
      mayBeMissing: true,
      call: () => ({ method: 'DELETE', path: `${admin}/delete-service-account?accessKey=THIEFSERVICEACCOUNT1` }),
    },
    {
      name: 'remove the user',
      call: () => ({ method: 'DELETE', path: `${admin}/remove-user?accessKey=THIEFUSER00000000001` }),
    },
    {
      name: 'remove the policy',
      call: () => ({ method: 'DELETE', path: `${admin}/remove-canned-policy?name=${own}-thief` }),
    },
    {
      name: "remove another's user",
      call: () => ({ method: 'DELETE', path: `${admin}/remove-user?accessKey=${user}` }),
    },
  ];
}

/** Temporary credentials, which no policy of this server forbids. */
export function assumeRole(policy?: string): RawCall {
  const asked = `Action=AssumeRole&Version=2011-06-15&DurationSeconds=3600`;
  return {
    method: 'POST',
    path: '/',
    body: policy === undefined ? asked : `${asked}&Policy=${encodeURIComponent(policy)}`,
    headers: FORM,
    service: 'sts',
  };
}
