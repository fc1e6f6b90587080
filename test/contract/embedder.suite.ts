import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { vectorSha256 } from '../../appliance/kernel/digest.ts';
import { assertVectors } from '../../appliance/models/embedder/assert.ts';
import type { Embedder } from '../../appliance/models/embedder/port.ts';

const LEASE = 'The tenant shall give three months’ notice in writing before terminating the lease.';
const PILLS = 'Patients with a penicillin allergy were given another antibiotic for ten days.';

/** The contract of the embedder port: every implementation runs it from a file of a few lines. */
export function embedderContract(name: string, make: () => Promise<Embedder>): void {
  describe(`embedder: ${name}`, () => {
    const embedder = make();
    after(async () => (await embedder).close());

    it('says who it is', async () => {
      const { model, version, dimensions, evidenceThreshold } = await embedder;
      assert.match(model, /\S/);
      assert.match(version, /\S/);
      assert.equal(dimensions, 768);
      assert.ok(evidenceThreshold > 0 && evidenceThreshold < 1);
    });

    it('gives one vector of 768 finite numbers and length one for each text, in their order', async () => {
      const both = await (await embedder).embedDocuments([LEASE, PILLS]);
      assertVectors(both, 2);
      const turned = await (await embedder).embedDocuments([PILLS, LEASE]);
      assertVectors(turned, 2);
      assert.ok(dot(both[0]!, turned[1]!) > 0.9999);
      assert.ok(dot(both[0]!, turned[0]!) < 0.9);
    });

    it('gives nothing for nothing', async () => {
      assert.deepEqual(await (await embedder).embedDocuments([]), []);
    });

    it('gives the same bits for the same text', async () => {
      const [first] = await (await embedder).embedDocuments([LEASE]);
      const [second] = await (await embedder).embedDocuments([LEASE]);
      assert.equal(vectorSha256(first!), vectorSha256(second!));
    });

    it('a question is nearer to its answer than to another text', async () => {
      const query = await (await embedder).embedQuery('notice for terminating a lease');
      assertVectors([query], 1);
      const [lease, pills] = await (await embedder).embedDocuments([LEASE, PILLS]);
      assert.ok(dot(query, lease!) > dot(query, pills!) + 0.1);
    });

    it('evidence is a share, larger for the answer than for another text, and nothing where nothing is near', async () => {
      const made = await embedder;
      const question = 'notice for terminating a lease';
      const query = await made.embedQuery(question);
      const [lease, pills] = await made.embedDocuments([LEASE, PILLS]);
      const answer = made.evidence(question, LEASE, dot(query, lease!));
      const other = made.evidence(question, PILLS, dot(query, pills!));
      assert.ok(answer >= made.evidenceThreshold && answer <= 1, String(answer));
      assert.ok(other >= 0 && other < made.evidenceThreshold / 2, String(other));
      assert.equal(made.evidence(question, LEASE, 0), 0);
      assert.equal(made.evidence(question, LEASE, -1), 0);
      assert.ok(made.evidence(LEASE, LEASE, 1) <= 1);
      assert.equal(made.evidence('', '', 1) >= 0, true, 'texts without a word are no error');
    });

    it('takes what a document may hold: nothing, blanks, a very long text, broken Unicode, other scripts', async () => {
      const texts = ['', ' \n\t', 'word '.repeat(5000), '\ud800 half a pair', '契約書の更新', 'a'.repeat(20_000)];
      assertVectors(await (await embedder).embedDocuments(texts), texts.length);
    });

    it('the end of a long text counts too', async () => {
      const filler = 'The parties agree that time is of the essence. '.repeat(400);
      const [plain, ending] = await (await embedder).embedDocuments([filler, `${filler}${`${PILLS} `.repeat(60)}`]);
      const query = await (await embedder).embedQuery('penicillin allergy');
      assert.ok(dot(query, ending!) > dot(query, plain!) + 0.02);
    });
  });
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}
