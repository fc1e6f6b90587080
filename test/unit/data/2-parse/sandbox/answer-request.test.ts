import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerRequest } from '../../../../../appliance/data/2-parse/sandbox/answer-request.ts';
import { checkAnswer } from '../../../../../appliance/data/2-parse/sandbox/check-answer.ts';
import { Answer, type ParseRequest } from '../../../../../appliance/data/2-parse/sandbox/protocol.ts';
import { sha256Hex } from '../../../../../appliance/kernel/digest.ts';
import { docId } from '../../../../../appliance/kernel/ids.ts';
import { USUAL_LIMITS } from '../../../../support/read-options.ts';

function requestFor(media_type: string, bytes: Uint8Array): ParseRequest {
  const raw_sha256 = sha256Hex(bytes);
  return {
    media_type,
    size: bytes.length,
    tenant_id: 'acme',
    doc_id: docId('acme', raw_sha256),
    raw_sha256,
    chunk_limits: { soft: 1200, hard: 2400 },
    limits: USUAL_LIMITS,
  };
}

describe('the parser process', () => {
  it('answers with a document that its parent believes', async () => {
    const bytes = Buffer.from('A heading\n\nA paragraph of some words, and then some more.\n');
    const request = requestFor('text/plain', bytes);
    const answer = await answerRequest(request, bytes);
    const checked = checkAnswer(Buffer.from(JSON.stringify(answer)), request);
    assert.match(checked.pageTexts.join('\n'), /A paragraph of some words/);
  });

  it("answers with the reader's own error, in one line", async () => {
    const bytes = Buffer.from('not a picture');
    const answer = await answerRequest(requestFor('image/png', bytes), bytes);
    assert.ok(Answer.safeParse(answer).success);
    assert.ok(!answer.ok && answer.code === 'FILE_CORRUPTED' && answer.kind === 'never');
  });

  it('has no parser for media types that are not in the table, whatever their name', async () => {
    for (const type of ['text/html', 'constructor', '__proto__', '']) {
      const answer = await answerRequest(requestFor(type, Buffer.alloc(0)), Buffer.alloc(0));
      assert.ok(!answer.ok && answer.code === 'UNSUPPORTED_FORMAT', type);
    }
  });

  it('answers a defect of its own with a hash of where it was, and no words', async () => {
    const bytes = Buffer.from('text');
    const request = { ...requestFor('text/plain', bytes), chunk_limits: { soft: 9, hard: 1 } };
    const answer = await answerRequest(request, bytes);
    assert.ok(!answer.ok && answer.code === 'PARSER_ERROR');
    assert.match(answer.stack_trace_hash!, /^[0-9a-f]{64}$/);
  });
});
