import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import {
  type EvaluationPorts,
  evaluateRetrieval,
  type RankedText,
} from '../../../appliance/data/evaluate-retrieval.ts';
import { systemClock } from '../../../appliance/kernel/clock.ts';
import { isFrostbyteError } from '../../../appliance/kernel/errors.ts';
import { lexicalEmbedder } from '../../../appliance/models/embedder/lexical.ts';
import { openSqliteRecords } from '../../../appliance/stores/record/sqlite.ts';
import { openSqliteVectors } from '../../../appliance/stores/vector/sqlite-vec.ts';

let folder: string;
let ports: EvaluationPorts;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'frostbyte-evaluation-'));
  const clock = systemClock();
  ports = {
    tenant_id: 'evaluation',
    clock,
    records: openSqliteRecords(join(folder, 'records.db'), { tenant_id: 'evaluation', clock }),
    vectors: openSqliteVectors(join(folder, 'vectors.db')),
    embedder: lexicalEmbedder(),
  };
});
afterEach(async () => {
  await ports.records.close();
  await ports.vectors.close();
  await rm(folder, { recursive: true, force: true });
});

const TEXTS = [
  { id: 'lease', text: 'The tenant gives three months notice before the lease of the office ends.' },
  { id: 'pills', text: 'Patients with an allergy to penicillin receive another antibiotic.' },
  { id: 'cargo', text: 'The insurer pays for cargo that is lost or damaged at sea.' },
  { id: 'tax', text: 'The tax return is due at the end of July.' },
];

async function ranked(corpus: typeof TEXTS, queries: typeof TEXTS, topK: number): Promise<RankedText[]> {
  const lines: RankedText[] = [];
  for await (const line of evaluateRetrieval(ports, corpus, queries, topK)) lines.push(line);
  return lines;
}

it('ranks the text that answers a query first, ranks counted from one', async () => {
  const lines = await ranked(
    TEXTS,
    [
      { id: 'q1', text: 'damaged cargo' },
      { id: 'q2', text: 'notice to end a lease' },
    ],
    3,
  );
  assert.equal(lines.find((line) => line.query === 'q1' && line.rank === 1)!.doc, 'cargo');
  assert.equal(lines.find((line) => line.query === 'q2' && line.rank === 1)!.doc, 'lease');
  for (const query of ['q1', 'q2']) {
    const own = lines.filter((line) => line.query === query);
    assert.deepEqual(
      own.map((line) => line.rank),
      own.map((_, n) => n + 1),
    );
    assert.ok(own.length <= 3);
    assert.equal(new Set(own.map((line) => line.doc)).size, own.length);
  }
});

it('a misspelt query still finds its text by the pieces of its words', async () => {
  const [first] = await ranked(TEXTS, [{ id: 'q', text: 'penicilin' }], 1);
  assert.equal(first!.doc, 'pills');
});

it('a long text counts once, though many of its chunks match', async () => {
  const long = { id: 'long', text: 'Cargo is insured at sea. Nothing else matters here. '.repeat(200) };
  const lines = await ranked([...TEXTS, long], [{ id: 'q', text: 'cargo sea' }], 3);
  assert.equal(lines.filter((line) => line.doc === 'long').length, 1);
  assert.equal(lines.length, 3);
});

it('texts that are equal but for their id are told apart', async () => {
  const lines = await ranked([...TEXTS, { id: 'twin', text: TEXTS[2]!.text }], [{ id: 'q', text: 'damaged cargo' }], 2);
  assert.deepEqual(lines.map((line) => line.doc).sort(), ['cargo', 'twin']);
});

it('a collection larger than one document of the throwaway tenant is whole', async () => {
  const many = Array.from({ length: 1100 }, (_, n) => ({ id: `t${n}`, text: `paragraph number${n} of a report` }));
  const lines = await ranked(
    many,
    [
      { id: 'q', text: 'number1099' },
      { id: 'r', text: 'number0' },
    ],
    1,
  );
  assert.deepEqual(
    lines.map((line) => line.doc),
    ['t1099', 't0'],
  );
  assert.equal(await ports.vectors.count(), 1100);
});

it('an empty collection and a text without a word rank nothing and break nothing', async () => {
  assert.deepEqual(await ranked([], [{ id: 'q', text: 'cargo' }], 5), []);
});

it('a text without a word never ranks', async () => {
  const lines = await ranked([{ id: 'empty', text: ' \n' }, ...TEXTS], [{ id: 'q', text: 'cargo' }], 10);
  assert.equal(
    lines.some((line) => line.doc === 'empty'),
    false,
  );
});

it('an id that comes twice is refused', async () => {
  await assert.rejects(ranked([...TEXTS, TEXTS[0]!], [], 1), (error) => isFrostbyteError(error, 'VALIDATION_ERROR'));
});
