import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { goOn, nextPage } from '../../../appliance/cli/paging.ts';
import { cannedHttp } from '../../support/canned-http.ts';
import { runCli } from '../../support/run-cli.ts';

/** A command line against a gateway that answers every question alike; what was asked stands in `asked`. */
async function against(t: TestContext, answer: { data: unknown; meta?: unknown }) {
  const { url, seen, close } = await cannedHttp(() => ({ status: 200, body: { success: true, ...answer } }));
  t.after(close);
  return {
    asked: () => seen.map(({ path }) => new URL(path, url)),
    frostbyte: (...args: string[]) => runCli(args, { FROSTBYTE_URL: url, FROSTBYTE_TOKEN: 't' }),
  };
}

for (const [command, path] of [
  ['document list', '/query/acme/documents'],
  ['document erasures', '/query/acme/erasures'],
  ['document reprocesses', '/ingest/acme/reprocess'],
  ['batch list', '/ingest/acme/batches'],
  ['upload list', '/ingest/acme/uploads'],
  ['dlq list', '/ingest/acme/dlq'],
  ['review list', '/ingest/acme/review'],
  ['quarantine list', '/ingest/acme/quarantine'],
  ['notices list', '/ingest/acme/notices'],
  ['audit events', '/audit/acme/events'],
  ['tenant break-glass list', '/admin/tenants/acme/break-glass'],
  ['tenant hold list', '/admin/tenants/acme/hold'],
] as const) {
  test(`${command} shows the page that was asked for and says how to go on`, async (t) => {
    const { asked, frostbyte } = await against(t, { data: [], meta: { total: 7, pages: 4, cursor: 'c4' } });
    const words = [...command.split(' '), 'acme', '--limit', '2', '--cursor', 'c2'];
    const { status, said } = await frostbyte(...words);
    assert.equal(status, 0, said.err);
    assert.match(said.out, /\n7 in all; go on with --cursor c4\n$/);
    const json = await frostbyte(...words, '--json');
    assert.deepEqual(json.said, { out: '[]\n', err: '7 in all; go on with --cursor c4\n' });
    for (const { pathname, searchParams } of asked()) {
      assert.equal(pathname, `/api/v1${path}`);
      assert.deepEqual([searchParams.get('limit'), searchParams.get('cursor')], ['2', 'c2']);
    }
  });
}

test('a list goes on where there is a cursor, but not where its first page was the whole', () => {
  const meta = (cursor: string | null) => ({ total: 2, pages: 1, cursor });
  assert.equal(goOn({ limit: '2' }, { data: [1], meta: meta(null) }), undefined);
  assert.equal(goOn({ limit: '2' }, { data: [1, 2], meta: meta('b') }), undefined);
  assert.equal(goOn({ limit: '1' }, { data: [1], meta: meta('a') }), '2 in all; go on with --cursor a');
  assert.equal(goOn({ limit: '1', cursor: 'a' }, { data: [2], meta: meta('b') }), '2 in all; go on with --cursor b');
});

test('numbered pages go on until the last one', () => {
  assert.equal(nextPage({ page: '1', limit: '200' }, 200, 437), '437 in all; go on with --page 2');
  assert.equal(nextPage({ page: '2', limit: '200' }, 200, 437), '437 in all; go on with --page 3');
  assert.equal(nextPage({ page: '3', limit: '200' }, 37, 437), undefined);
  assert.equal(nextPage({ page: '1', limit: '200' }, 200, 200), undefined);
});

test('a document shows a page of its chunks and says that there are more', async (t) => {
  const chunks = [1, 2].map((n) => ({ chunk_id: `chk_${n}`, page: n, text: `words ${n}` }));
  const { asked, frostbyte } = await against(t, { data: { doc_id: 'doc_1', review: null, chunk_count: 5, chunks } });
  const { said } = await frostbyte('document', 'show', 'acme', 'doc_1', '--page', '2', '--limit', '2');
  assert.match(said.out, /words 2\n5 in all; go on with --page 3\n$/);
  assert.equal(asked()[0]!.search, '?page=2&limit=2');
});

test('one receipt and one chunk are shown with all that is known of them', async (t) => {
  const receipt = { receipt_id: 'r1', original_filename: 'lease.pdf', reason: null, details: { problems: 2 } };
  const one = await against(t, { data: receipt });
  const shown = (await one.frostbyte('receipt', 'show', 'acme', 'r1')).said.out;
  assert.match(shown, /original_filename +lease\.pdf\nreason +–\ndetails +\{"problems":2\}\n/);
  assert.equal(one.asked()[0]!.pathname, '/api/v1/ingest/acme/receipt/r1');
  const chunk = {
    chunk_id: 'chk_1',
    doc_id: 'doc_1',
    text: 'The lease\nends.',
    page: 3,
    start_char: 10,
    end_char: 25,
    element_type: 'paragraph',
    boxes: [{ x: 1, y: 2, width: 3, height: 4 }],
    path: null,
    metadata: { matter: 'm1' },
    lineage: { raw_sha256: 'abc', parser_versions: { pdf: 1 } },
  };
  const other = await against(t, { data: chunk });
  const told = (await other.frostbyte('chunk', 'show', 'acme', 'chk_1')).said.out;
  assert.match(told, /place +1,2 3×4\ncharacters +10–25\n/);
  assert.match(told, /raw_sha256 +abc\nparser_versions +\{"pdf":1\}\n\n {3}│ The lease\n {3}│ ends\.\n$/);
  assert.equal(other.asked()[0]!.pathname, '/api/v1/query/acme/chunk/chk_1');
});
