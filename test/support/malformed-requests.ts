import fc from 'fast-check';
import { ROUTES, type Route } from '../../appliance/api/routes.ts';
import { PAGES } from '../../appliance/ui/pages/page.ts';

/** Requests that no honest client sends, made from a seed: the same seed makes the same requests. */
export interface Malformed {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer | null;
  /** Which of the callers sends it. */
  who: 'admin' | 'tenant' | 'auditor' | 'nobody' | 'forged';
  /** What says who that is: a token, or a browser's session. */
  by: 'token' | 'session';
}

const METHODS = ['GET', 'POST', 'PATCH', 'DELETE', 'PUT', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'];
const TRICKS = [
  '..',
  '.',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '..%5c..%5c',
  '%00',
  'a%00b',
  '%',
  '%zz',
  '%ff%fe',
  '%c0%ae%c0%ae',
  '%0d%0aSet-Cookie:x=1',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  'toString',
  'NaN',
  '-1',
  '0',
  '1e309',
  '9'.repeat(400),
  'x'.repeat(3000),
  '%F0%9F%A7%8A',
  "'%20OR%201=1--",
  '%24%7Bjndi:ldap://x%7D',
  '{{7*7}}',
  '<script>',
  ';',
  ':',
  '*',
  '~',
  '$',
  'doc_0123456789abcdeg',
  'doc_0123456789ABCDEF',
  'chk_',
  '_appliance',
  '0197a000-0000-7000-8000-00000000000z',
];
const UUID = ['0197a000-0000-7000-8000-000000000001'];
/** A well-formed id for each kind of the paths; whatever is not named here is a UUID. */
const GOOD: Record<string, string[]> = {
  page: ['1'],
  tenant_id: ['acme'],
  batch_id: ['b1'],
  file: ['style.css'],
  doc_id: ['doc_0123456789abcdef'],
  chunk_id: ['chk_0123456789abcdef'],
  resource_id: ['doc_0123456789abcdef'],
};

const trick = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...TRICKS) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }).map(encode) },
);

/** Routes that read a body are asked three times as often. */
const TARGETS = Object.values(ROUTES as Record<string, Route>).flatMap((route) =>
  route.body || route.bodyType ? [route, route, route] : [route],
);

/** The pages, and what is beside them. */
const PAGE_TARGETS = [
  ...PAGES,
  { method: 'get', path: '/sign-in' },
  { method: 'post', path: '/sign-in' },
  { method: 'post', path: '/sign-out' },
  { method: 'post', path: '/language' },
  { method: 'get', path: '/assets/{file}' },
];

/** A path of the table with some of its ids replaced. Administration only ever aims at a tenant that is not there. */
const routed = fc
  .tuple(
    fc.constantFrom(...TARGETS),
    fc.array(trick, { minLength: 3, maxLength: 3 }),
    fc.array(fc.constantFrom(true, false, false), { minLength: 3, maxLength: 3 }),
    fc.nat(),
  )
  .map(([route, tricks, replace, at]) => {
    const path = filled(route.path, tricks, replace, at, route.plane === 'control');
    return { method: route.method.toUpperCase(), path: `/api/v1${path}`, kind: route.bodyType ?? 'json' };
  });

const paged = fc
  .tuple(
    fc.constantFrom(...PAGE_TARGETS),
    fc.array(trick, { minLength: 3, maxLength: 3 }),
    fc.array(fc.constantFrom(true, false, false), { minLength: 3, maxLength: 3 }),
    fc.nat(),
  )
  .map(([page, tricks, replace, at]) => {
    const path = filled(page.path, tricks, replace, at, false);
    return { method: page.method.toUpperCase(), path, kind: 'form' };
  });

function filled(path: string, tricks: string[], replace: boolean[], at: number, administration: boolean): string {
  let n = 0;
  return path.replace(/\{(\w+)\}/g, (_, id: string) => {
    const i = n++;
    const good = administration && id === 'tenant_id' ? ['ghost', '_appliance'] : (GOOD[id] ?? UUID);
    return replace[i % 3] ? tricks[i % 3]! : good[at % good.length]!;
  });
}

const wild = fc
  .array(trick, { maxLength: 5 })
  .map((parts) => ({ method: 'GET', path: `/${parts.join('/')}`, kind: 'json' }));

const queries = fc.oneof(
  { weight: 8, arbitrary: fc.constant('') },
  {
    weight: 2,
    arbitrary: fc
      .array(
        fc.tuple(
          fc.constantFrom(
            'page',
            'limit',
            'cursor',
            'sort',
            'state',
            'status',
            'event_type',
            'start_date',
            'end_date',
            'resource_type',
            'batch_id',
            '__proto__',
            'x',
          ),
          trick,
        ),
        { minLength: 1, maxLength: 4 },
      )
      .map((pairs) => `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '?',
      '?&&&',
      '?=',
      '?page',
      '?page=1&page=2',
      '?page[]=1',
      '?limit=1e2',
      '?start_date=2026-02-30',
      '?start_date=2026-01-01T00:00:00%2B99:99',
      '?cursor=-1',
      '?cursor=0x10',
    ),
  },
);

const deep = (n: number, open: string, close: string) => `${open.repeat(n)}1${close.repeat(n)}`;
const SHAPES = [
  '',
  '{',
  '}',
  '[',
  '"',
  'null',
  'true',
  '0',
  '-',
  '""',
  '[]',
  '{}',
  '{"a":}',
  "{'a':1}",
  '{"query_text":"x",}',
  'NaN',
  'Infinity',
  '\u0000',
  '{"query_text":"\u0000"}',
  '{"query_text":"x","top_k":1e999}',
  '{"query_text":"x","top_k":-0}',
  `{"query_text":"x","top_k":${'9'.repeat(500)}}`,
  '{"query_text":{"$gt":""}}',
  '{"query_text":["x"]}',
  '{"query_text":"\\ud800"}',
  '{"query_text":"x","filters":{"metadata":{"__proto__":"x"}}}',
  '{"query_text":"x","filters":{"metadata":{"\\ud800":{"in":["\\udfff"]},"b":{"gt":1e308,"lt":-1e308}}}}',
  '{"custom_fields":{"schema_version":"1.0","fields":[{"name":"a","type":"string","description":"\\ud800"}]},"reason":"x"}',
  '{"metadata":{"\\ud800":"\\udfff","__proto__":1}}',
  '{"query_text":"x","filters":{"metadata":{"a\\u0000\\"]\\\\":1}}}',
  '{"query_text":"x","filters":{"date_range":{"start":"0000-00-00"}}}',
  '{"query_text":"x","filters":{"date_range":{"start":"9999-12-31T23:59:59+23:59"}}}',
  '{"__proto__":{"role":"admin"},"constructor":{"prototype":{}},"reason":"x"}',
  '{"reason":"\\u0007"}',
  '{"reason":"\\ud800"}',
  '{"from":"policy","reason":"\\ud800","below":{"config_version":"current"}}',
  '{"config":{"__proto__":1},"reason":"x"}',
  '{"subject":"nobody","role":"root"}',
  '{"jti":"__proto__","reason":"x"}',
  '{"action":"toString"}',
  '{"format":"__proto__"}',
  '{"from":"2026-13-01"}',
  '{"event_types":["x","x"]}',
  deep(20_000, '[', ']'),
  deep(5000, '{"a":', '}'),
  `"${'x'.repeat(1_100_000)}"`,
  '\ufeff{}',
];

const json = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...SHAPES).map((text) => Buffer.from(text)) },
  { weight: 2, arbitrary: fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)) },
  {
    weight: 2,
    arbitrary: fc
      .record(
        {
          query_text: fc.jsonValue(),
          top_k: fc.jsonValue(),
          filters: fc.jsonValue(),
          reason: fc.jsonValue(),
          config: fc.jsonValue(),
          action: fc.jsonValue(),
          role: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((value) => Buffer.from(JSON.stringify(value))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
);

const manifestText = fc.oneof(
  fc.constantFrom(
    '',
    '{',
    'null',
    '[]',
    '{"batch_id":"../x"}',
    '{"__proto__":{}}',
    deep(50_000, '[', ']'),
    '{"batch_id":"b","tenant_id":"acme","file_count":1e9,"files":[]}',
    `{"batch_id":"b","tenant_id":"acme","file_count":1,"files":[{"file_id":"f","filename":"a.txt","mime_type":"text/plain","size_bytes":1,"sha256":"${'a'.repeat(64)}"}],"metadata":{"a":${deep(9000, '[', ']')}}}`,
    `{"batch_id":"b","tenant_id":"acme","file_count":1,"files":[{"file_id":"f","filename":"a\\u0000.txt","mime_type":"text/plain","size_bytes":-1,"sha256":"x"}]}`,
    `{"batch_id":"b","tenant_id":"acme","file_count":1,"files":[{"file_id":"__proto__","filename":"a.txt","mime_type":"text/plain","size_bytes":1,"sha256":"${'a'.repeat(64)}"}]}`,
    `{"batch_id":"b","tenant_id":"acme","file_count":1,"files":[{"file_id":"f","filename":"\\ud800","mime_type":"text/plain","size_bytes":1,"sha256":"${'a'.repeat(64)}"}]}`,
  ),
  fc.json({ maxDepth: 3 }),
);
const partHead = fc.constantFrom(
  'Content-Disposition: form-data; name="manifest"',
  'Content-Disposition: form-data; name="f"; filename="a.txt"',
  'Content-Disposition: form-data',
  'Content-Disposition: attachment; name="f"',
  'Content-Disposition: form-data; name=""; filename=""',
  'Content-Disposition: form-data; name="f"; filename="../../x"',
  'Content-Type: text/plain',
  '',
  'X'.repeat(20_000),
  'Content-Disposition: form-data; name="manifest"\r\nContent-Transfer-Encoding: base64',
  "Content-Disposition: form-data; name*=utf-8''%ff; filename*=x''%",
  'Content-Disposition: form-data; name="__proto__"; filename="__proto__"',
);
const multipart = fc
  .tuple(
    fc.array(fc.tuple(partHead, manifestText), { maxLength: 4 }),
    fc.constantFrom('whole', 'unclosed', 'no end', 'cut', 'wrong boundary', 'doubled'),
    fc.nat({ max: 400 }),
  )
  .map(([parts, end, cut]) => {
    const body = parts.map(([head, content]) => `--BOUND\r\n${head}\r\n\r\n${content}\r\n`).join('');
    const whole = {
      whole: `${body}--BOUND--\r\n`,
      unclosed: `${body}--BOUND`,
      'no end': body,
      cut: body.slice(0, cut),
      'wrong boundary': body.replaceAll('BOUND', 'OTHER'),
      doubled: `${body}--BOUND--\r\n${body}--BOUND--`,
    }[end];
    return Buffer.from(whole);
  });

const formField = fc.constantFrom(
  'username',
  'password',
  'code',
  'next',
  'language',
  'mark',
  'reason',
  'query',
  'action',
  '',
);
const pageForm = fc
  .oneof(
    { weight: 3, arbitrary: fc.array(fc.tuple(formField, trick), { maxLength: 6 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        [['next', '//evil.example'] as [string, string]],
        [['next', 'x'.repeat(70_000)] as [string, string]],
      ),
    },
  )
  .map((pairs) => Buffer.from(pairs.map(([name, value]) => `${name}=${value}`).join('&')));

const CONTENT_TYPES = [
  'application/json',
  'application/json; charset=utf-16',
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/octet-stream',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  `multipart/form-data; boundary=${'b'.repeat(300)}`,
  'multipart/form-data; boundary="a b"',
  'multipart/mixed; boundary=BOUND',
  '',
  ';;;',
  'application/json\t',
];
const extraHeader = fc.constantFrom<[string, string]>(
  ['x-break-glass-reason', ''],
  ['x-break-glass-reason', 'x'.repeat(2000)],
  ['last-event-id', '../../x'],
  ['last-event-id', 'x'.repeat(3000)],
  ['x-request-id', 'chosen'],
  ['x-frostbyte-assertion', 'a.b.c'],
  ['accept', 'text/html;q=*'],
  ['accept-encoding', 'gzip, br'],
  ['content-encoding', 'gzip'],
  ['range', 'bytes=0-'],
  ['if-none-match', '*'],
  ['cookie', 'a=b; c'],
  ['x-forwarded-for', '127.0.0.1'],
  ['x-http-method-override', 'DELETE'],
  ['host', 'evil.example'],
  ['expect', '100-continue'],
  ['upgrade', 'websocket'],
  ['origin', 'null'],
  ['origin', 'http://evil.example'],
  ['sec-fetch-site', 'same-origin'],
  ['accept', 'text/html'],
  ['content-language', '*'],
  ['te', 'trailers'],
  ['tus-resumable', '0.2.2'],
  ['upload-length', '-1'],
  ['upload-length', '9'.repeat(16)],
  ['upload-defer-length', '1'],
  ['upload-offset', '1e9'],
  ['upload-metadata', 'filename ***'],
  ['upload-metadata', `filename ${'QUJD'.repeat(2500)}`],
  ['upload-checksum', 'toString AAAA'],
  ['upload-concat', 'final;/x /y'],
  ['content-type', 'application/offset+octet-stream'],
);

/** Null mostly: the rest of a request must be in order for its fault to be found. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 7, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

export const malformed: fc.Arbitrary<Malformed> = fc
  .tuple(
    fc.oneof({ weight: 6, arbitrary: routed }, { weight: 1, arbitrary: paged }, { weight: 1, arbitrary: wild }),
    queries,
    seldom(fc.constantFrom(...METHODS)),
    fc.constantFrom('admin', 'tenant', 'tenant', 'auditor', 'nobody', 'forged') as fc.Arbitrary<Malformed['who']>,
    fc.oneof({ weight: 3, arbitrary: json }, { weight: 1, arbitrary: multipart }),
    multipart,
    seldom(fc.constantFrom(...CONTENT_TYPES)),
    fc.array(extraHeader, { maxLength: 2 }),
    fc.tuple(pageForm, seldom(fc.constant('session' as const))),
  )
  .map(([target, query, otherMethod, who, anyBody, parts, contentType, extra, [form, session]]) => {
    const method = otherMethod ?? target.method;
    const bodies: Readonly<Record<string, [Buffer, string]>> = {
      json: [anyBody, 'application/json'],
      multipart: [parts, 'multipart/form-data; boundary=BOUND'],
      form: [form, 'application/x-www-form-urlencoded'],
    };
    const [content, itsType] = bodies[target.kind] ?? bodies.json!;
    const body = method === 'GET' || method === 'HEAD' || method === 'TRACE' ? null : content;
    const type = contentType ?? itsType;
    return {
      method,
      path: `${target.path}${query}`,
      who,
      by: target.kind === 'form' ? 'session' : (session ?? 'token'),
      body,
      // Mostly as a client of tus would say it, so that its other headers are looked at.
      headers: {
        ...(/\/uploads/.test(target.path)
          ? { 'tus-resumable': '1.0.0', 'upload-length': '5', 'upload-offset': '0' }
          : {}),
        ...(body && type ? { 'content-type': type } : {}),
        ...Object.fromEntries(extra),
      },
    };
  });

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** Bytes that are hardly HTTP at all. */
export const GARBAGE: readonly string[] = [
  'GET / HTTP/1.1\r\n\r\n',
  'GET / HTTP/9.9\r\nHost: x\r\n\r\n',
  'GET /%00 HTTP/1.1\r\nHost: \u0000\r\n\r\n',
  'GET http://evil.example/api/v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET //evil.example HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n',
  'POST /api/v1/query/acme/search HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
  'POST /api/v1/query/acme/search HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
  'POST /api/v1/query/acme/search HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc',
  'POST /api/v1/query/acme/search HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n',
  `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(70_000)}\r\n\r\n`,
  `GET /${'y'.repeat(70_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(5000)}\r\n`,
  'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: [::1\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x@y:z\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.1\nHost: x\n\n',
  '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '\r\n\r\n\r\n\r\n',
  'BREW / HTCPCP/1.0\r\n\r\n',
];
