import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cannedHttp } from '../../support/canned-http.ts';
import { runCli } from '../../support/run-cli.ts';

const REVIEW = {
  doc_id: 'doc_1',
  original_filename: 'lease.pdf',
  classification: 'contract',
  classification_confidence: 0.6,
  alternatives: [],
  findings: {},
  chunks: [],
  chunk_total: 0,
};

test('what is shown for review names the command that approves just this class, and that sends it along', async (t) => {
  const decided = { doc_id: 'doc_1', decision: 'approve', classification: 'contract', proposed: 'contract' };
  const { url, seen, close } = await cannedHttp((_path, count) => {
    return { status: 200, body: { success: true, data: count === 1 ? REVIEW : decided } };
  });
  t.after(close);
  const environment = { FROSTBYTE_URL: url, FROSTBYTE_TOKEN: 't' };
  const shown = await runCli(['review', 'show', 'acme', 'doc_1'], environment);
  const [, command] = /\nto approve: frostbyte (.*)\n$/.exec(shown.said.out)!;
  const approved = await runCli(command!.split(' '), environment);
  assert.equal(approved.said.out, 'doc_1: contract\n');
  const { method, path, body } = seen[1]!;
  assert.deepEqual([method, path], ['POST', '/api/v1/ingest/acme/review/doc_1']);
  assert.deepEqual(JSON.parse(body), { decision: 'approve', classification: 'contract' });
  await runCli(['review', 'approve', 'acme', 'doc_1', '--note', 'read it'], environment);
  assert.deepEqual(JSON.parse(seen[2]!.body), { decision: 'approve', note: 'read it' });
});
