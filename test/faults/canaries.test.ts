import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import { MIME } from '../../appliance/api/tenant-config.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, type TestFile, text } from '../support/batch.ts';
import { serverEvents } from '../support/events-stream.ts';
import type { Caller } from '../support/http.ts';
import { docx, gridRows, paragraph, xlsx } from '../support/ooxml-builder.ts';
import { runCli } from '../support/run-cli.ts';

/**
 * Words planted in everything that content can hide in, looked for everywhere they must not be (spec 5). Documents run
 * through the whole pipeline, some of them fail, the daemon is killed in the middle, and questions are asked.
 *
 * Where content may stand, because that is its place:
 * - `tenants/{id}/records.sqlite` (and its WAL): chunks and full text, file names, metadata. PII that was redacted: not
 *   even there, and no query.
 * - `control/audit/{id}.sqlite` (and its WAL): file names and submitters, in the erasable side table alone; through the
 *   API they come as `references`, beside the event and never inside it.
 */

const mark = Math.random().toString(36).slice(2, 8);
const CANARY = {
  text: `zqtext${mark}`,
  cell: `zqcell${mark}`,
  sheet: `zqsheet${mark}`,
  file: `zqfile${mark}`,
  metadata: `zqmeta${mark}`,
  submitter: `zqsubmitter${mark}`,
  query: `zqquery${mark}`,
  pii: `zqpii${mark}`,
  broken: `zqbroken${mark}`,
  body: `zqbody${mark}`,
  token: `zqtoken${mark}`,
} as const;
type Canary = keyof typeof CANARY;
const ALL = Object.keys(CANARY) as Canary[];

/** Which files of the data folder may hold which canaries. Everything else may hold none. */
const MAY: readonly { file: RegExp; holds: readonly Canary[] }[] = [
  {
    file: /^tenants\/acme\/records\.sqlite(-wal|-shm)?$/,
    holds: ['text', 'cell', 'sheet', 'file', 'metadata', 'submitter'],
  },
  { file: /^control\/audit\/acme\.sqlite(-wal|-shm)?$/, holds: ['file', 'submitter'] },
];

let appliance: Appliance;
let temporary = '';
let dana: Caller;
const refusals: string[] = [];
const processes = new Map<string, string>();

before(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'frostbyte-canary-tmp-'));
  appliance = await startAppliance({ environment: { FROSTBYTE_LOG_LEVEL: 'debug', TMPDIR: temporary } });
  await appliance.createTenant('acme', { classification_review_enabled: false });
  dana = await appliance.caller({ role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' });
});
after(async () => {
  await appliance.end();
  await rm(temporary, { recursive: true, force: true });
});

/** A word as bytes may carry it: UTF-8, UTF-16 of both orders, hexadecimal, base64 at each of its three offsets. */
function spellings(word: string): Buffer[] {
  const plain = Buffer.from(word);
  const wide = Buffer.from(word, 'utf16le');
  const hex = plain.toString('hex');
  const base64 = [0, 1, 2].flatMap((before) => {
    // Characters at both ends also carry bits of the neighbours; those between are the word's own.
    const [first, end] = [Math.ceil((before * 8) / 6), Math.floor(((before + plain.length) * 8) / 6)];
    const text = Buffer.concat([Buffer.alloc(before), plain])
      .toString('base64')
      .slice(first, end);
    return [text, text.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [
    plain,
    wide,
    Buffer.from(wide).swap16(),
    ...[hex, hex.toUpperCase(), ...base64].map((text) => Buffer.from(text)),
  ];
}
const SPELLINGS = new Map(ALL.map((name) => [name, spellings(CANARY[name])]));

/** The canaries that bytes hold, in whatever spelling. */
function found(bytes: Buffer | string): Canary[] {
  const hay = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes);
  return ALL.filter((name) => SPELLINGS.get(name)!.some((spelling) => hay.includes(spelling)));
}

/** Files below a folder; one that goes while we look is none. */
function* files(folder: string): Generator<{ path: string; bytes: Buffer }> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.isFile()) {
      try {
        yield { path, bytes: readFileSync(path) };
      } catch {}
    }
  }
}

/** Notes what the system shows of the daemon and all its descendants: arguments, environment, names of open files. */
function watchProcesses(): void {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]));
    } catch {}
  }
  const family = new Set([appliance.process.pid!]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [pid, parent] of parents) if (family.has(parent) && !family.has(pid)) grown = Boolean(family.add(pid));
  }
  for (const pid of family) {
    for (const what of ['cmdline', 'environ', 'comm']) {
      try {
        processes.set(`${pid} ${what}`, readFileSync(`/proc/${pid}/${what}`, 'latin1'));
      } catch {}
    }
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`))
        processes.set(`${pid} fd ${fd}`, readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {}
  }
}

async function settle(batch: string): Promise<BatchStatus> {
  for await (const _ of serverEvents(await dana.raw('GET', `/ingest/acme/batch/${batch}/stream`))) watchProcesses();
  return (await dana<BatchStatus>('GET', `/ingest/acme/batch/${batch}`)).data;
}

function planted(): TestFile[] {
  const prose = `LEASE AGREEMENT ${CANARY.text}\n\nThe lessee ${CANARY.text} pays the rent. Write to ${CANARY.pii}@example.org about it.`;
  return [
    text(`${CANARY.file}-prose.txt`, prose),
    {
      filename: `${CANARY.file}.docx`,
      mime_type: MIME.docx,
      content: docx({ body: paragraph(`${CANARY.text} in a paragraph, mail ${CANARY.pii}@example.org`) }),
    },
    {
      filename: `${CANARY.file}.xlsx`,
      mime_type: MIME.xlsx,
      content: xlsx({
        sheets: [
          {
            name: CANARY.sheet,
            rows: gridRows([
              [CANARY.cell, 42],
              ['b', 'c'],
            ]),
          },
        ],
      }),
    },
    {
      filename: `${CANARY.file}.csv`,
      mime_type: MIME.csv,
      content: `name;mail\n${CANARY.cell};${CANARY.pii}@example.org\n`,
    },
    {
      filename: `${CANARY.file}-torn.pdf`,
      mime_type: MIME.pdf,
      content: `%PDF-1.7\n${`(${CANARY.broken}) Tj\n`.repeat(80)}%%EOF\n`,
    },
    { filename: `${CANARY.file}.html`, mime_type: 'text/html', content: `<p>${CANARY.broken}</p>` },
  ];
}

const extra = { submitter: CANARY.submitter, metadata: { note: CANARY.metadata } };

test('the search finds a canary however it is spelt, and none where there is none', () => {
  const word = CANARY.text;
  for (const neighbours of ['', 'a', 'ab', 'abc']) {
    const around = `${neighbours}${word}${neighbours}`;
    for (const encoding of ['utf8', 'utf16le', 'base64', 'base64url', 'hex'] as const) {
      const bytes = encoding === 'utf16le' ? Buffer.from(around, encoding) : Buffer.from(around).toString(encoding);
      assert.deepEqual(found(bytes), ['text'], `${encoding} between ${neighbours.length}`);
    }
    assert.deepEqual(found(Buffer.from(around, 'utf16le').swap16()), ['text']);
    assert.deepEqual(found(Buffer.from(around).toString('hex').toUpperCase()), ['text']);
  }
  assert.deepEqual(found(Buffer.from(word.slice(0, -1)).toString('base64')), []);
});

test('documents with canaries run through the pipeline, some fail, questions are asked', {
  timeout: 600_000,
}, async () => {
  const batch = makeBatch('acme', planted(), extra);
  const { data } = await dana<BatchReceipt>('POST', '/ingest/acme/batch', batch.form);
  assert.equal(data.counts.rejected, 1, JSON.stringify(data.counts));
  const done = await settle(data.batch_id);
  const states = Object.fromEntries(
    done.files.map(({ original_filename, state, status }) => [
      original_filename.replace(CANARY.file, ''),
      state ?? status,
    ]),
  );
  assert.deepEqual(states, {
    '-prose.txt': 'indexed',
    '.docx': 'indexed',
    '.xlsx': 'indexed',
    '.csv': 'indexed',
    '-torn.pdf': 'parse_failed',
    '.html': 'rejected',
  });
  const { data: proof } = await dana<{ chunks: { text: string }[] }>('POST', '/query/acme/search', {
    query_text: `${CANARY.query} rent lessee`,
  });
  assert.ok(proof.chunks.length > 0);
  assert.ok(found(JSON.stringify(proof)).includes('text'), 'the canaries are served to whom they belong');
  assert.ok(!found(JSON.stringify(proof)).includes('pii'), 'but for redacted ones');
  await dana('GET', `/query/acme/document/${data.receipts[0]!.doc_id}`);
  assert.deepEqual(found(await (await fetch(`${appliance.url}/metrics`)).text()), []);
});

test('error answers repeat nothing of what was sent', async () => {
  const ask = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await dana('POST', path, body, headers);
    assert.ok(answer.status >= 400, path);
    refusals.push(JSON.stringify(answer.error));
  };
  await ask('/query/acme/search', { query_text: `${CANARY.query} ${'x'.repeat(10_001)}` });
  await ask('/query/acme/search', { query_text: [CANARY.query] });
  await ask('/query/acme/search', `${CANARY.body} alone`);
  await ask('/query/acme/search', { query_text: 'x', filters: { metadata: { note: [CANARY.metadata] } } });
  await ask('/ingest/acme/batch', { text: CANARY.body });
  for (const wrong of [{ file_count: 2 }, { submitter: 7 }, { metadata: CANARY.metadata }]) {
    const batch = makeBatch('acme', planted().slice(0, 1), { ...extra, ...wrong });
    const answer = await dana('POST', '/ingest/acme/batch', batch.form);
    assert.equal(answer.status, 400);
    refusals.push(JSON.stringify(answer.error));
  }
  for (const [path, body] of [
    ['/query/acme/search', `{"query_text": "${CANARY.body}`],
    ['/ingest/acme/batch', `--x\r\nContent-Disposition: form-data; name="manifest"\r\n\r\n{"${CANARY.body}"\r\n--x--`],
  ] as const) {
    const response = await dana.raw('POST', path, {
      body,
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    assert.equal(response.status, 400);
    refusals.push(await response.text());
  }
  const forged = await fetch(`${appliance.url}/api/v1/status`, {
    headers: { authorization: `Bearer ${CANARY.token}.b.c` },
  });
  refusals.push(await forged.text());
  refusals.push(await (await fetch(`${appliance.url}/api/v1/${CANARY.query}`)).text());
  for (const refusal of refusals) assert.deepEqual(found(refusal), [], refusal.slice(0, 300));
});

test('a resumable upload that stays unfinished is sealed, and its refusals repeat nothing of it', async () => {
  const base64 = (value: string) => Buffer.from(value).toString('base64');
  const metadata = `filename ${base64(`${CANARY.file}.txt`)},note ${base64(CANARY.metadata)}`;
  const ask = (method: string, path: string, headers: Record<string, string>, body?: string) =>
    dana.raw(method, path, { headers: { 'tus-resumable': '1.0.0', ...headers }, ...(body ? { body } : {}) });
  const begun = await ask('POST', '/ingest/acme/uploads', { 'upload-length': '1000', 'upload-metadata': metadata });
  const path = begun.headers.get('location')!.replace('/api/v1', '');
  const piece = { 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' };
  assert.equal((await ask('PATCH', path, piece, `${CANARY.body} in a piece`)).status, 204);
  const wrong = [
    await ask('PATCH', path, piece, CANARY.body),
    await ask('PATCH', path, { ...piece, 'upload-checksum': `${CANARY.body} AAAA` }, CANARY.body),
    await ask('PATCH', path, { ...piece, 'content-type': `text/${CANARY.body}` }, CANARY.body),
    await ask('POST', '/ingest/acme/uploads', { 'upload-length': '1', 'upload-metadata': `filename *${CANARY.file}` }),
    await ask('POST', '/ingest/acme/uploads', { 'upload-length': '1', 'upload-metadata': `${metadata},${metadata}` }),
    await ask('POST', '/ingest/acme/uploads', { 'upload-length': '1', 'tus-resumable': CANARY.body }),
  ];
  for (const response of wrong) {
    assert.ok(response.status >= 400);
    const refusal = await response.text();
    assert.deepEqual(found(refusal), [], refusal);
  }
});

test('a kill in the middle leaves no canary behind in a temporary file, and the batch comes to its end', {
  timeout: 600_000,
}, async () => {
  const many = Array.from({ length: 12 }, (_, i) =>
    text(
      `${CANARY.file}-${i}.txt`,
      `Invoice ${i} ${CANARY.text}\n\nTo be paid by ${CANARY.pii}@example.org, number ${i}.\n`.repeat(3),
    ),
  );
  const { data } = await dana<BatchReceipt>('POST', '/ingest/acme/batch', makeBatch('acme', many, extra).form);
  for (let moved = false; !moved; ) {
    watchProcesses();
    const { data: now } = await dana<BatchStatus>('GET', `/ingest/acme/batch/${data.batch_id}`);
    moved = now.files.some(({ stages }) => stages.parse !== 'queued');
  }
  await appliance.kill();
  checkFolders(KILLED);
  await appliance.restart();
  const done = await settle(data.batch_id);
  assert.equal(done.summary.completed, many.length, JSON.stringify(done.summary));
});

const AGE = 'age-encryption.org/v1\n';
const KILLED = 'after the kill';

/** Every file of the data folder and of the temporary folder. */
function checkFolders(when: string): void {
  for (const { path, bytes } of files(temporary)) assert.deepEqual(found(bytes), [], `${when}: ${path}`);
  let objects = 0;
  for (const { path, bytes } of files(appliance.dataFolder)) {
    const name = relative(appliance.dataFolder, path);
    const allowed = MAY.find(({ file }) => file.test(name))?.holds ?? [];
    assert.deepEqual(
      found(bytes).filter((canary) => !allowed.includes(canary)),
      [],
      `${when}: ${name}`,
    );
    assert.deepEqual(found(name), [], 'no canary names a file');
    if (!name.startsWith('tenants/acme/objects/')) continue;
    objects += 1;
    // A draft whose writer was killed may end within its first line; nothing else may, and no folder is excepted.
    const head = bytes.subarray(0, AGE.length).toString('latin1');
    assert.ok(head === AGE || (when === KILLED && AGE.startsWith(head)), `${when}: ${name} is an age file`);
  }
  assert.ok(objects > 0);
}

test('nothing at rest holds a canary but its own places, and objects are sealed', () => {
  checkFolders('at the end');
  // And it would be seen if one were not, whatever folder it lay in.
  const plain = join(appliance.dataFolder, 'tenants/acme/objects/elsewhere');
  writeFileSync(plain, 'not sealed');
  assert.throws(() => checkFolders('on purpose'), /elsewhere is an age file/);
  rmSync(plain);
});

test('logs of daemon and workers, metrics, and what the system shows of the processes hold none', async () => {
  const logs = appliance.logs();
  assert.match(logs, /"component":"worker"|"component":"data-plane"/, 'workers were heard');
  assert.deepEqual(found(logs), []);
  assert.ok(!logs.includes('[redacted]'), 'what the code logs has the shapes that it says');
  const metrics = await (await fetch(`${appliance.url}/metrics`)).text();
  assert.match(metrics, /tenant_id="acme"/);
  assert.deepEqual(found(metrics), []);
  assert.deepEqual(found(await (await fetch(`${appliance.url}/ready`)).text()), []);
  assert.ok([...processes.keys()].some((key) => key.endsWith('environ')));
  for (const [key, shown] of processes) assert.deepEqual(found(shown), [], key);
});

test('a support bundle holds none, also of logs in which somebody else repeats them', async () => {
  const log = join(temporary, 'appliance.log');
  const repeated = ALL.flatMap((name) => [
    `ERROR:  invalid input syntax for type json: "${CANARY[name]}"`,
    `STATEMENT:  SELECT '${CANARY[name]}@example.org' FROM "${CANARY[name]}.docx"`,
    JSON.stringify({ level: 'error', message: CANARY[name], error: { object: `raw/${CANARY[name]}` } }),
    ...spellings(CANARY[name]).map((spelling) => spelling.toString('latin1')),
  ]);
  writeFileSync(log, `${appliance.logs()}\n${repeated.join('\n')}\n`);
  assert.deepEqual(new Set(found(readFileSync(log))), new Set(ALL), 'all of them are in what is read');
  const out = join(temporary, 'support.tar.gz');
  const { status, said } = await runCli([
    ...['support-bundle', '--data', appliance.dataFolder, '--log', log],
    ...['--yes', '--out', out],
  ]);
  assert.equal(status, 0, said.err);
  const bytes = gunzipSync(readFileSync(out));
  assert.match(bytes.toString('utf8'), /"component":"(?:worker|data-plane)".*\n/, 'the logs are in it');
  assert.deepEqual(found(bytes), []);
  assert.deepEqual(found(said.out), [], 'nor does the list of it name any');
  rmSync(out);
  rmSync(log);
});

test('audit events hold ids, counts and codes; names stand beside them, erasable', async () => {
  const auditor = await appliance.caller({ role: 'auditor' });
  let events = 0;
  const beside = new Set<Canary>();
  for (const log of ['acme', '_appliance']) {
    let cursor: string | null | undefined;
    do {
      const { data, meta } = await auditor<{ references?: unknown }[]>(
        'GET',
        `/audit/${log}/events?limit=500&sort=asc${cursor ? `&cursor=${cursor}` : ''}`,
      );
      for (const { references, ...event } of data) {
        events += 1;
        assert.deepEqual(found(JSON.stringify(event)), [], JSON.stringify(event).slice(0, 300));
        for (const canary of found(JSON.stringify(references ?? []))) beside.add(canary);
      }
      cursor = meta.cursor;
    } while (cursor);
  }
  assert.ok(events > 100);
  for (const canary of beside) assert.ok(canary === 'file' || canary === 'submitter', canary);
  const { data } = await auditor<{ export_id: string }>('POST', '/audit/acme/export', {});
  let record: Record<string, unknown>;
  do record = (await auditor('GET', `/audit/acme/export/${data.export_id}`)).data;
  while (record.status === 'pending');
  assert.deepEqual(
    found(await (await auditor.raw('GET', `/audit/acme/export/${data.export_id}/download`)).text()),
    [],
    'what leaves the box holds no names',
  );
});
