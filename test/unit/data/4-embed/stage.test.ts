import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embedStage } from '../../../../appliance/data/4-embed/stage.ts';
import { enrichedKey, vectorsKey } from '../../../../appliance/data/keys.ts';
import type { DataPlane } from '../../../../appliance/data/plane.ts';
import { canonicalJson } from '../../../../appliance/kernel/canonical-json.ts';
import { float32LittleEndian, sha256Hex, vectorSha256 } from '../../../../appliance/kernel/digest.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { chunkId } from '../../../../appliance/kernel/ids.ts';
import { lexicalEmbedder } from '../../../../appliance/models/embedder/lexical.ts';
import type { DocumentRow } from '../../../../appliance/stores/record/rows.ts';
import { manualClock } from '../../../support/manual-clock.ts';

const DOC = 'doc_0123456789abcdef';
const CANONICAL = 'c'.repeat(64);

interface Served {
  text: string;
  model?: string;
  version?: string;
  /** The store holds another vector than was recorded. */
  damaged?: boolean;
}

/** A plane with one enriched document of these texts; `served` are the texts of the version before, by place. */
async function world(texts: readonly string[], served: readonly Served[] = [], trouble?: Error) {
  const model = lexicalEmbedder();
  const asked: string[] = [];
  const policy = {
    pii_scan_result: 'clean',
    pii_types_found: [],
    pii_action_taken: 'none',
    classification: 'contract',
    classification_confidence: 1,
    classifier_version: '1',
    human_override: false,
    injection_score: 0,
    injection_patterns_matched: [],
    injection_action_taken: 'pass',
    config_version: 1,
    policy_version: '1',
  };
  const idAt = (place: number) => chunkId(DOC, 1, place, place + 1);
  const enriched = Buffer.from(
    canonicalJson({
      doc_id: DOC,
      tenant_id: 'acme',
      canonical_sha256: CANONICAL,
      classification: 'contract',
      classification_confidence: 1,
      held: false,
      chunks: texts.map((text, place) => ({
        chunk_id: idAt(place),
        text,
        page: 1,
        start_char: place,
        end_char: place + 1,
        element_type: 'paragraph',
        metadata: { section_title: null, heading_level: null },
        policy,
      })),
    }),
  );
  const hash = sha256Hex(enriched);
  const objects = new Map<string, Uint8Array>([[enrichedKey('acme', DOC, CANONICAL, hash), enriched]]);
  const before = await model.embedDocuments(served.map(({ text }) => text));
  const plane = {
    tenant_id: 'acme',
    clock: manualClock(),
    logger: { warn: () => undefined },
    meter: new Proxy({}, { get: () => () => undefined }),
    objects: {
      read: async (key: string) => objects.get(key),
      put: async (key: string, bytes: Uint8Array) => void objects.set(key, bytes),
    },
    embedder: async () => ({
      ...model,
      embedDocuments: async (wanted: readonly string[]) => {
        asked.push(...wanted);
        return model.embedDocuments(wanted);
      },
    }),
    records: {
      servedChunks: async (ids: readonly string[]) => {
        if (trouble) throw trouble;
        return served.flatMap(({ text, model: embed_model = 'lexical', version: embed_version = '1' }, place) => {
          const chunk_id = idAt(place);
          const index = { embed_model, embed_version, vector_sha256: vectorSha256(before[place]!) };
          return ids.includes(chunk_id) ? [{ chunk_id, text, index }] : [];
        });
      },
    },
    vectors: {
      read: async (ids: readonly string[]) =>
        new Map(
          served.flatMap(({ damaged }, place): [string, Float32Array][] => {
            const vector = damaged ? before[place]!.map((number) => -number) : before[place]!;
            return ids.includes(idAt(place)) ? [[idAt(place), vector]] : [];
          }),
        ),
    },
  } as unknown as DataPlane;
  const run = async (number: number) => {
    const document = {
      doc_id: DOC,
      run: number,
      canonical_sha256: CANONICAL,
      enriched_sha256: hash,
      last_output_hash: 'sha256:00',
    } as DocumentRow;
    const result = await embedStage.run({ plane, document, signal: new AbortController().signal });
    assert.equal(result.kind, 'advance');
    const { vectors_sha256 } = (result as { patch: { vectors_sha256: string } }).patch;
    return Buffer.from(objects.get(vectorsKey('acme', DOC, CANONICAL, vectors_sha256))!);
  };
  const expected = Buffer.concat((await model.embedDocuments(texts)).map(float32LittleEndian));
  return { run, asked, expected };
}

test('a first run embeds every text, one that stands there twice once, and writes the vectors in reading order', async () => {
  const { run, asked, expected } = await world(['rent', 'notice', 'rent']);
  assert.deepEqual(await run(1), expected);
  assert.deepEqual(asked, ['rent', 'notice']);
});

test('a later run embeds only texts that changed, and gives the same bytes as if it had embedded all', async () => {
  const { run, asked, expected } = await world(
    ['the rent is due', 'call [REDACTED:PHONE]', 'nine months'],
    [{ text: 'the rent is due' }, { text: 'call 555 0100' }, { text: 'nine months' }],
  );
  assert.deepEqual(await run(2), expected);
  assert.deepEqual(asked, ['call [REDACTED:PHONE]']);
});

for (const [what, served] of [
  ['another model', { text: 'rent', model: 'other' }],
  ['another version of the model', { text: 'rent', version: '0' }],
  ['other bytes than were recorded', { text: 'rent', damaged: true }],
] as const) {
  test(`vectors of ${what} are made again`, async () => {
    const { run, asked, expected } = await world(['rent'], [served]);
    assert.deepEqual(await run(2), expected);
    assert.deepEqual(asked, ['rent']);
  });
}

test('stores that do not answer cost time, not the document', async () => {
  const { run, asked, expected } = await world(['rent'], [], new FrostbyteError('STORE_UNAVAILABLE', 'gone'));
  assert.deepEqual(await run(2), expected);
  assert.deepEqual(asked, ['rent']);
});
