import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { QuarantineDocument, QuarantineItem } from '../../appliance/api/schemas/quarantine.ts';
import type { DecidedClass } from '../../appliance/api/schemas/query.ts';
import type { ReprocessAnswer } from '../../appliance/api/schemas/reprocess.ts';
import type { ReviewDocument, ReviewItem } from '../../appliance/api/schemas/review.ts';
import { makeBatch, text } from '../support/batch.ts';
import { EICAR } from '../support/clamd.ts';
import { ATTACK, type DecisionsWorld, decisionsWorld, VAGUE } from '../support/decisions-world.ts';
import { until } from '../support/faults/until.ts';
import type { Caller } from '../support/http.ts';
import { PLANTED } from '../support/planted-pii.ts';
import { PROGRAM } from '../support/program.ts';
import { runProgram } from '../support/shipped.ts';

/** People decide: what a document is, and what comes out of quarantine. */

let world: DecisionsWorld;
let admin: Caller;
let unexplained: Caller;
let auditor: Caller;
let dana: Record<string, Caller>;

before(async () => {
  world = await decisionsWorld(['careful', 'chunky', 'whole', 'strict']);
  ({ admin, unexplained, auditor, dana } = world);
});
after(() => world.end());

describe('the review queue', () => {
  let batch = '';
  let docs: string[] = [];

  test('holds what is not clear, newest or oldest first', async () => {
    const files = ['one', 'two', 'three', 'four'].map((n) =>
      text(`${n}.txt`, `${VAGUE}, says ${n}. Mail ${PLANTED.EMAIL}.`),
    );
    ({ batch, docs } = await world.send('careful', files, ['held']));
    const held = await world.status('careful', batch);
    assert.deepEqual([held.status, held.summary.held, held.acceptance_report?.final], ['held', 4, false]);
    const list = await dana.careful!<ReviewItem[]>('GET', '/ingest/careful/review');
    assert.equal(list.meta.total, 4);
    const oldest = await dana.careful!<ReviewItem[]>('GET', '/ingest/careful/review?sort=asc&limit=3');
    const rest = await dana.careful!<ReviewItem[]>(
      'GET',
      `/ingest/careful/review?sort=asc&limit=3&cursor=${oldest.meta.cursor}`,
    );
    const ids = (rows: { doc_id: string }[]) => rows.map(({ doc_id }) => doc_id);
    assert.deepEqual(ids([...oldest.data, ...rest.data]).toReversed(), ids(list.data));
    for (const item of list.data) {
      assert.ok(item.original_filename.endsWith('.txt'));
      assert.ok(item.classification_confidence < 1 && item.received_at && item.batch_id === batch);
    }
  });

  test('shows what there is to judge by, after the gates, and the look is in the log', async () => {
    const path = `/ingest/careful/review/${docs[0]}`;
    const { data } = await dana.careful!<ReviewDocument>('GET', path);
    assert.match(data.chunks[0]!.text!, /The crates are blue.*\[REDACTED:EMAIL\]/);
    assert.deepEqual(data.findings.pii_types, ['EMAIL']);
    assert.ok(data.alternatives.every(({ classification }) => classification !== data.classification));
    assert.equal((await unexplained('GET', path)).code, 'INSUFFICIENT_PERMISSIONS');
    assert.equal((await admin('GET', path)).status, 200);
    const stranger = await world.appliance.caller({ role: 'tenant_user', tenant_id: 'careful' });
    assert.equal((await stranger('GET', path)).code, 'INSUFFICIENT_PERMISSIONS');
    assert.equal((await dana.chunky!('GET', path)).code, 'INSUFFICIENT_PERMISSIONS');
    assert.equal(
      (await dana.careful!('GET', '/ingest/careful/review/doc_0000000000000000')).code,
      'RESOURCE_NOT_FOUND',
    );
    const reads = await until('the reads', async () => {
      const events = await auditor<{ actor: string; details: { what: string } }[]>(
        'GET',
        `/audit/careful/events?event_type=CONTENT_READ&resource_id=${docs[0]}`,
      );
      return events.data.length === 2 ? events.data : null;
    });
    assert.deepEqual(
      reads.map(({ actor, details }) => [actor, details.what]),
      [
        ['frode', 'review'],
        ['dana', 'review'],
      ],
    );
  });

  test('of two who decide at once one wins; the document goes on under that class', async () => {
    const path = `/ingest/careful/review/${docs[0]}`;
    assert.equal((await dana.careful!('POST', path, { decision: 'correct' })).code, 'VALIDATION_ERROR');
    assert.equal(
      (await dana.careful!('POST', path, { decision: 'approve', classification: 'legal_filing' })).code,
      'INVALID_STATE_TRANSITION',
      'nobody approves what is not proposed',
    );
    const answers = await Promise.all([
      dana.careful!('POST', path, { decision: 'correct', classification: 'contract', note: 'it says so' }),
      admin('POST', path, { decision: 'correct', classification: 'invoice' }),
    ]);
    assert.deepEqual(answers.map(({ code }) => code).toSorted(), ['', 'INVALID_STATE_TRANSITION']);
    const won = answers.find(({ code }) => code === '')!.data as { classification: string; proposed: string };
    await until('the index', async () =>
      (await world.status('careful', batch)).files.some(
        ({ doc_id, state }) => doc_id === docs[0] && state === 'indexed',
      ),
    );
    const { chunks } = await world.search('careful', 'crates blue one');
    assert.deepEqual(
      chunks.map(({ doc_id, classification }) => [doc_id, classification]),
      [[docs[0], won.classification]],
    );
    const { data } = await dana.careful!<{ metadata: Record<string, unknown> }>(
      'GET',
      `/query/careful/chunk/${chunks[0]!.chunk_id}`,
    );
    assert.equal(data.metadata.human_override, true);
    const { events, hash_chain_verification: verified } = await world.chain('careful', docs[0]!);
    assert.deepEqual([verified.valid, verified.breaks], [true, []]);
    const reviewed = events.filter(({ event_type }) => event_type === 'CLASSIFICATION_REVIEWED');
    assert.equal(reviewed.length, 1);
    assert.equal(reviewed[0]!.details.previous, won.proposed);
    assert.ok(!JSON.stringify(reviewed).includes('it says so'), 'a note is no event');
    const { review } = (await dana.careful!<{ review: DecidedClass }>('GET', `/query/careful/document/${docs[0]}`))
      .data;
    const { note } = won as DecidedClass;
    assert.deepEqual([review.classification, review.proposed, review.note], [won.classification, won.proposed, note]);
    const undecided = await dana.careful!<{ review: null }>('GET', `/query/careful/document/${docs[1]}`);
    assert.equal(undecided.data.review, null);
    assert.equal((await dana.careful!('POST', path, { decision: 'approve' })).code, 'INVALID_STATE_TRANSITION');
  });

  test('the batch stays held until the last one is decided, and then its report is final', async () => {
    const one = await dana.careful!('POST', `/ingest/careful/review/${docs[1]}`, { decision: 'approve' });
    assert.equal(one.code, '');
    await until('the second', async () => (await world.status('careful', batch)).summary.completed === 2);
    const between = await until('held again', async () => {
      const now = await world.status('careful', batch);
      return now.status === 'held' ? now : null;
    });
    assert.equal(between.acceptance_report?.final, false);
    const { data } = await dana.careful!('POST', '/ingest/careful/review', { decision: 'approve', batch_id: batch });
    assert.deepEqual(data, { batch_id: batch, approved: 2, remaining: 0 });
    const done = await world.atRest('careful', batch, ['indexed']);
    assert.deepEqual([done.status, done.acceptance_report?.final], ['completed', true]);
    assert.equal(done.acceptance_report!.summary.files_held, 0);
    const again = await dana.careful!('POST', '/ingest/careful/review', { decision: 'approve', batch_id: batch });
    assert.deepEqual(again.data, { batch_id: batch, approved: 0, remaining: 0 });
  });

  test('shows of a chunk in quarantine what the gates found there, and not a word of it', async () => {
    const content = `SECTION A\n\nA voice: "${ATTACK}" it said.\n\nSECTION B\n\n${VAGUE}, says nobody.\n`;
    const withheld = await world.send('careful', [text('voice.txt', content)], ['held']);
    const [id] = withheld.docs;
    const { data } = await dana.careful!<ReviewDocument>('GET', `/ingest/careful/review/${id}`);
    const [chunk, ...more] = data.chunks.filter((one) => one.withheld);
    assert.deepEqual([chunk?.text, chunk?.section_title, more], [null, null, []]);
    assert.ok(chunk!.injection_score >= 0.7 && chunk!.injection_patterns.length > 0, JSON.stringify(chunk));
    assert.doesNotMatch(JSON.stringify(data), /previous instructions/);
    const decided = await dana.careful!('POST', `/ingest/careful/review/${id}`, { decision: 'approve' });
    assert.equal(decided.status, 200);
    await world.atRest('careful', withheld.batch, ['indexed']);
  });
});

describe('the quarantine', () => {
  const item = async (tenant: string, doc: string) =>
    (await dana[tenant]!<QuarantineDocument>('GET', `/ingest/${tenant}/quarantine/${doc}`)).data;
  const release = (tenant: string, doc: string, body: Record<string, unknown> = {}, who = admin) =>
    who('POST', `/ingest/${tenant}/quarantine/${doc}/release`, { reason: 'read it: a quotation', ...body });
  const reject = (tenant: string, doc: string, body: Record<string, unknown> = {}) =>
    dana[tenant]!('POST', `/ingest/${tenant}/quarantine/${doc}/reject`, { reason: 'an attack', ...body });

  test('keeps malware: its name and its bytes can be had, the document never', async () => {
    const content = `${EICAR} ${VAGUE}`;
    const { docs } = await world.send('chunky', [text('virus.txt', content)], ['quarantined']);
    const doc = docs[0]!;
    const evidence = await item('chunky', doc);
    assert.deepEqual(
      [evidence.reason, evidence.signature, evidence.releasable],
      ['MALWARE_DETECTED', 'Frostbyte.Eicar.Test', false],
    );
    assert.deepEqual([evidence.chunks, evidence.hidden_text], [[], []]);
    const path = `/ingest/chunky/quarantine/${doc}/bytes`;
    assert.equal((await dana.chunky!('GET', path)).code, 'INSUFFICIENT_PERMISSIONS');
    assert.equal((await unexplained('GET', path)).code, 'INSUFFICIENT_PERMISSIONS');
    const bytes = await admin.raw('GET', path);
    assert.equal(await bytes.text(), content);
    assert.equal(bytes.headers.get('content-disposition'), `attachment; filename="${doc}.quarantined"`);
    assert.equal(bytes.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(bytes.headers.get('content-type'), 'application/octet-stream');
    assert.equal((await release('chunky', doc)).code, 'INVALID_STATE_TRANSITION');
    assert.equal(
      (await admin('GET', `/query/chunky/document/${doc}/originals?what=raw`)).code,
      'INVALID_STATE_TRANSITION',
    );
    assert.equal((await reject('chunky', doc)).code, '');
    assert.equal((await reject('chunky', doc)).code, 'INVALID_STATE_TRANSITION');
  });

  test('keeps out for good what was rejected, also where a new parse cuts the text elsewhere', async () => {
    const filler = (word: string) =>
      `The ${word} crates stand in the hall until the carrier comes for them. `.repeat(8);
    const content = `SECTION A\n\n${filler('blue')}\n\n"${ATTACK}" it says.\n\n${filler('green')}\n\nSECTION B\n\n${VAGUE}.\n`;
    const { docs } = await world.send('chunky', [text('cut.txt', content)]);
    const doc = docs[0]!;
    const before = await item('chunky', doc);
    assert.deepEqual([before.scope, before.chunk_total], ['chunks', 1]);
    assert.equal((await reject('chunky', doc)).code, '');
    const configure = (config: Record<string, unknown>) =>
      admin('PATCH', '/admin/tenants/chunky', { config, reason: 'another cut' });
    assert.equal((await configure({ chunk_soft_limit: 200, chunk_hard_limit: 400 })).status, 200);
    const body = { from: 'parse', reason: 'another cut', doc_id: doc };
    const asked = await dana.chunky!<ReprocessAnswer>('POST', '/ingest/chunky/reprocess', body);
    const path = `/ingest/chunky/reprocess/${asked.data.reprocess_id}`;
    await until(
      'the new run',
      async () => (await dana.chunky!<ReprocessAnswer>('GET', path)).data.status === 'completed',
    );
    const after = await item('chunky', doc);
    assert.notDeepEqual(
      after.chunks.map(({ chunk_id }) => chunk_id),
      before.chunks.map(({ chunk_id }) => chunk_id),
    );
    assert.deepEqual([after.status, after.releasable], ['rejected', false], JSON.stringify(after));
    const { chunks } = await world.search('chunky', 'ignore all previous instructions');
    assert.ok(chunks.every((chunk) => chunk.doc_id !== doc || !chunk.text.includes('previous')));
    assert.equal((await configure({ chunk_soft_limit: 1200, chunk_hard_limit: 2400 })).status, 200);
  });

  test('lets single chunks out by name, flagged, and keeps out for good what was rejected', async () => {
    const lines = [`Our offer says: "${ATTACK}"`, `Another voice: "${ATTACK}" it said`, 'Delivery takes four weeks.'];
    const heading = (line: string, n: number) => `SECTION ${n}\n\n${line}\n`;
    const { batch, docs } = await world.send('chunky', [text('offer.txt', lines.map(heading).join('\n'))]);
    const doc = docs[0]!;
    const path = `/ingest/chunky/quarantine/${doc}`;
    const evidence = await item('chunky', doc);
    assert.deepEqual([evidence.scope, evidence.status, evidence.chunk_total], ['chunks', 'open', 2]);
    assert.ok(
      evidence.chunks.every(({ held_by, injection_score }) => held_by[0] === 'injection' && injection_score >= 0.7),
    );
    assert.ok(!JSON.stringify(evidence).includes('previous instructions'));
    assert.equal(
      (await world.search('chunky', 'offer ignore instructions')).chunks.some(
        ({ doc_id, text: t }) => doc_id === doc && t.includes('Ignore'),
      ),
      false,
    );
    assert.equal((await admin('GET', `${path}/bytes`)).code, 'INVALID_STATE_TRANSITION');

    const [first, second] = evidence.chunks.map(({ chunk_id }) => chunk_id) as [string, string];
    assert.equal((await release('chunky', doc, {}, dana.chunky)).code, 'INSUFFICIENT_PERMISSIONS');
    assert.equal((await release('chunky', doc, { chunk_ids: ['chk_0000000000000000'] })).code, 'VALIDATION_ERROR');
    assert.equal((await release('chunky', doc, { pii_action: 'flag' })).code, 'VALIDATION_ERROR');
    assert.equal((await release('chunky', doc, { chunk_ids: [first] })).code, '');
    await until('the released chunk', async () =>
      (await world.search('chunky', 'offer ignore instructions')).chunks.some(({ chunk_id }) => chunk_id === first),
    );
    const { data } = await dana.chunky!<{ metadata: Record<string, unknown> }>('GET', `/query/chunky/chunk/${first}`);
    assert.equal(data.metadata.injection_action_taken, 'flag');
    assert.equal((await dana.chunky!('GET', `/query/chunky/chunk/${second}`)).code, 'RESOURCE_NOT_FOUND');
    const { events, hash_chain_verification: verified } = await world.chain('chunky', doc);
    assert.deepEqual([verified.valid, verified.breaks], [true, []]);
    const released = events.find(({ event_type }) => event_type === 'QUARANTINE_RELEASED')!;
    assert.deepEqual(
      [released.actor, released.details.reason, released.details.released, released.details.chunks],
      ['frode', 'read it: a quotation', 'chunks', [first]],
    );

    await world.atRest('chunky', batch, ['indexed']);
    assert.deepEqual(
      (await item('chunky', doc)).chunks.map(({ chunk_id }) => chunk_id),
      [second],
    );
    assert.equal((await reject('chunky', doc, { chunk_ids: [second] })).code, '');
    assert.equal((await item('chunky', doc)).status, 'rejected');
    assert.equal((await release('chunky', doc, { chunk_ids: [second] })).code, 'INVALID_STATE_TRANSITION');
    assert.equal((await release('chunky', doc)).code, 'INVALID_STATE_TRANSITION');
  });

  test('under scope document keeps all of it for one chunk, and lets it out as a whole', async () => {
    const content = `SECTION A\n\nThe quote: ${ATTACK}\n\nSECTION B\n\nA second quote: ${ATTACK}\n\nSECTION C\n\n${VAGUE}.\n`;
    const { docs } = await world.send(
      'whole',
      [text('quote.txt', content), text('bad.txt', `${content} Bad.`)],
      ['quarantined'],
    );
    const [doc, bad] = docs as [string, string];
    const evidence = await item('whole', doc);
    assert.deepEqual([evidence.reason, evidence.scope, evidence.chunk_total], ['INJECTION_DETECTED', 'document', 2]);
    const some = await release('whole', doc, { chunk_ids: [evidence.chunks[0]!.chunk_id] });
    assert.equal(some.code, 'VALIDATION_ERROR', 'one released chunk would change nothing');
    const both = await Promise.all([release('whole', doc), release('whole', doc)]);
    assert.deepEqual(both.map(({ code }) => code).toSorted(), ['', 'INVALID_STATE_TRANSITION']);
    await until(
      'the document',
      async () =>
        (await world.search('whole', 'quote crates')).chunks.filter(({ doc_id }) => doc_id === doc).length === 3,
    );
    assert.equal((await world.chain('whole', doc)).hash_chain_verification.valid, true);
    assert.equal((await dana.whole!('GET', `/ingest/whole/quarantine/${doc}`)).code, 'RESOURCE_NOT_FOUND');

    assert.equal((await reject('whole', bad)).code, '');
    assert.equal((await release('whole', bad)).code, 'INVALID_STATE_TRANSITION');
    const { data: again } = await dana.whole!<BatchReceipt>(
      'POST',
      '/ingest/whole/batch',
      makeBatch('whole', [text('bad.txt', `${content} Bad.`)]).form,
    );
    assert.match(again.quarantined_files[0]!.message, /refused for good/);
    const listed = async (query: string) =>
      (await dana.whole!<QuarantineItem[]>('GET', `/ingest/whole/quarantine?${query}`)).data.map(
        ({ doc_id }) => doc_id,
      );
    assert.deepEqual(await listed('status=rejected&reason=INJECTION_DETECTED&scope=document'), [bad]);
    assert.deepEqual(await listed('status=open'), []);
  });

  test('lets out what was blocked for personal data: redacted, or flagged if the administrator says so', async () => {
    // Of no planted person: flagged, it rightly stands in the rows and the journal of a server that other tests share.
    const ssn = '418-61-7290';
    const person = (n: number) => text(`p${n}.txt`, `${VAGUE}, number ${n}. Her SSN is ${ssn}.`);
    const { docs } = await world.send('strict', [person(1), person(2)], ['quarantined']);
    const [first, second] = docs as [string, string];
    const evidence = await item('strict', first);
    assert.deepEqual(
      [evidence.reason, evidence.pii_types, evidence.chunks[0]!.held_by],
      ['PII_BLOCK_POLICY', ['SSN'], ['pii']],
    );
    assert.ok(!JSON.stringify(evidence).includes(ssn));
    const told = await until('the event', async () => {
      const path = `/audit/strict/events?event_type=DOCUMENT_QUARANTINED&resource_id=${first}`;
      return (await auditor<{ details: Record<string, unknown> }[]>('GET', path)).data[0];
    });
    const kept = evidence.chunks.map(({ chunk_id }) => chunk_id);
    assert.deepEqual([told.details.reason, told.details.chunks], ['PII_BLOCK_POLICY', kept]);
    assert.equal(
      (await release('strict', first, { chunk_ids: [evidence.chunks[0]!.chunk_id] })).code,
      'VALIDATION_ERROR',
    );
    assert.equal((await release('strict', first)).code, '');
    assert.equal((await release('strict', second, { pii_action: 'flag' })).code, '');
    const served = await until('both', async () => {
      const { chunks } = await world.search('strict', 'crates number');
      return chunks.length === 2 ? chunks : null;
    });
    const of = (doc: string) => served.find(({ doc_id }) => doc_id === doc)!.text;
    assert.match(of(first), /Her SSN is \[REDACTED:SSN\]/);
    assert.ok(of(second).includes(ssn));
    for (const doc of [first, second])
      assert.equal((await world.chain('strict', doc)).hash_chain_verification.valid, true);
  });
});

describe('the command line', () => {
  let folder = '';
  let tokens: Record<'dana' | 'frode' | 'felix', string>;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'frostbyte-decisions-'));
    tokens = {
      dana: await world.appliance.token({ role: 'tenant_admin', tenant_id: 'careful', subject: 'dana' }),
      frode: await world.appliance.token({ role: 'admin', subject: 'frode' }),
      felix: await world.appliance.token({ role: 'admin', subject: 'felix' }),
    };
  });
  after(() => rmSync(folder, { recursive: true }));

  const frostbyte = async (who: keyof typeof tokens, ...args: string[]) => {
    const env = { FROSTBYTE_URL: world.appliance.url, FROSTBYTE_TOKEN: tokens[who], PATH: process.env.PATH ?? '' };
    const ran = await runProgram([...PROGRAM, ...args], { env });
    return { ...ran, json: () => JSON.parse(ran.out) };
  };

  test('lists, shows, corrects and approves reviews', async () => {
    const files = ['five', 'six', 'seven'].map((n) => text(`${n}.txt`, `${VAGUE}, says ${n}.`));
    const { batch, docs } = await world.send('careful', files, ['held']);
    const [listed, shown] = await Promise.all([
      frostbyte('dana', 'review', 'list', 'careful', '--oldest', '--json'),
      frostbyte('dana', 'review', 'show', 'careful', docs[0]!),
    ]);
    assert.deepEqual(
      listed
        .json()
        .map(({ doc_id }: { doc_id: string }) => doc_id)
        .toSorted(),
      docs.toSorted(),
    );
    assert.match(shown.out, /proposed .*\n[\s\S]*The crates are blue/);
    const [, proposed] = /--class (\w+)\n$/.exec(shown.out)!;
    const other = proposed === 'SOP' ? 'policy' : 'SOP';
    const outdated = await frostbyte('dana', 'review', 'approve', 'careful', docs[0]!, '--class', other);
    assert.equal(outdated.code, 1);
    assert.match(outdated.err, /Another class is proposed by now/);
    const corrected = await frostbyte(
      'dana',
      'review',
      'correct',
      'careful',
      docs[0]!,
      '--class',
      'SOP',
      '--note',
      'a rule',
    );
    assert.match(corrected.out, new RegExp(`${docs[0]}: SOP, not `));
    const told = await frostbyte('dana', 'document', 'show', 'careful', docs[0]!);
    assert.match(told.out, /review +SOP, not \w+, by dana, .*: a rule\n/);
    const approved = await frostbyte('dana', 'review', 'approve', 'careful', '--batch', batch, '--json');
    assert.deepEqual(approved.json(), { batch_id: batch, approved: 2, remaining: 0 });
    const [late, nothing] = await Promise.all([
      frostbyte('dana', 'review', 'approve', 'careful', docs[0]!),
      frostbyte('dana', 'review', 'approve', 'careful'),
    ]);
    assert.deepEqual([late.code, nothing.code], [1, 2]);
    assert.match(late.err, /INVALID_STATE_TRANSITION/);
  });

  test('lists, shows, releases, rejects and saves what is in quarantine', async () => {
    const virus = `${EICAR} by hand`;
    const sent = [text('virus2.txt', virus), text('lone.txt', `${ATTACK} And ${ATTACK}`)];
    const { docs } = await world.send('chunky', sent, ['quarantined']);
    const [malware, attack] = docs as [string, string];
    const out = join(folder, 'sample.bin');
    const saved = await frostbyte(
      'frode',
      'quarantine',
      'bytes',
      'chunky',
      malware,
      '--out',
      out,
      '--reason',
      'incident',
    );
    assert.equal(saved.code, 0, saved.err);
    assert.equal(readFileSync(out, 'utf8'), virus);
    assert.equal(statSync(out).mode & 0o777, 0o600);
    const [again, listed, shown] = await Promise.all([
      frostbyte('frode', 'quarantine', 'bytes', 'chunky', malware, '--out', out, '--reason', 'incident'),
      frostbyte('frode', 'quarantine', 'list', 'chunky', '--status', 'open', '--cause', 'MALWARE_DETECTED', '--json'),
      frostbyte('frode', 'quarantine', 'show', 'chunky', attack),
    ]);
    assert.equal(again.code, 2, 'a file that is there is not written over');
    assert.deepEqual(
      listed.json().map(({ doc_id }: { doc_id: string }) => doc_id),
      [malware],
    );
    assert.match(shown.out, /INJECTION_DETECTED[\s\S]*direct_override/);
    const [rejected, released] = await Promise.all([
      frostbyte('frode', 'quarantine', 'reject', 'chunky', malware, '--because', 'a virus'),
      frostbyte('frode', 'quarantine', 'release', 'chunky', attack, '--because', 'a joke', '--json'),
    ]);
    assert.match(rejected.out, /rejected \(document\)/);
    assert.equal(released.json().released, 'document');
  });

  test('shows and saves originals to an administrator with a reason', async () => {
    const content = `${VAGUE}. Mail ${PLANTED.EMAIL}.`;
    const { docs } = await world.send('chunky', [text('mail.txt', content)]);
    const about = ['document', 'originals', 'chunky', docs[0]!];
    const [refused, spans, raw] = await Promise.all([
      frostbyte('felix', ...about),
      frostbyte('frode', ...about, '--reason', 'asked by the data subject'),
      frostbyte('frode', ...about, '--what', 'raw', '--out', '-', '--reason', 'asked by the data subject'),
    ]);
    assert.equal(refused.code, 1);
    assert.match(spans.out, new RegExp(`EMAIL .*${PLANTED.EMAIL}`));
    assert.equal(raw.out, content);
  });
});
