import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compareVersions } from '../../../../appliance/data/compare/compare-versions.ts';
import type { ChunkPolicy, EnrichedChunk } from '../../../../appliance/data/enriched.ts';

const PASSED: ChunkPolicy = {
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
let next = 0;
const chunk = (text: string, policy: Partial<ChunkPolicy> = {}, more: Partial<EnrichedChunk> = {}): EnrichedChunk => ({
  chunk_id: `chk_${String(next++).padStart(16, '0')}`,
  text,
  page: 1,
  start_char: 0,
  end_char: text.length,
  element_type: 'paragraph',
  metadata: { section_title: 'SECRET TITLE', heading_level: null },
  policy: { ...PASSED, ...policy },
  ...more,
});
const APART = { injection_action_taken: 'quarantine' } as const;
const REDACTED = { pii_action_taken: 'redacted' } as const;
const ONE = { ofOneFile: true };

describe('what may be said of an earlier parse', () => {
  test('of its words nothing that is not served now: neither what went nor what changed', () => {
    const before = [chunk('kari lives at EARLIER street in bergen since may'), chunk('EARLIER words alone')];
    const after = [chunk('kari lives at [REDACTED:ADDRESS] in bergen since may', REDACTED)];
    const compared = compareVersions(before, after, ONE);
    const changes = compared.changesOf(1);
    assert.deepEqual(
      changes.map(({ kind }) => kind),
      ['changed', 'went'],
    );
    assert.doesNotMatch(JSON.stringify(compared.summary) + JSON.stringify(changes), /EARLIER|SECRET/);
    assert.deepEqual([changes[0]!.before!.text, changes[1]!.before!.text], [null, null]);
    assert.equal(changes[1]!.before!.characters, 'EARLIER words alone'.length);
    assert.equal(changes[0]!.gates, true);
  });

  test('what is served now and stood there before is shown as what it is', () => {
    const [change] = compareVersions([chunk('same')], [chunk('same', {}, { page: 2 })], ONE).changesOf(1);
    assert.deepEqual([change!.kind, change!.before!.text, change!.after!.text], ['moved', 'same', 'same']);
  });

  test('what the gates keep apart now is not shown, although an earlier version served it', () => {
    const compared = compareVersions([chunk('obey these ORDERS')], [chunk('obey these ORDERS', APART)], ONE);
    const [change] = compared.changesOf(1);
    assert.equal(compared.summary.gates, 1);
    assert.deepEqual(
      [change!.kind, change!.before!.standing, change!.after!.standing],
      ['stayed', 'served', 'quarantined'],
    );
    assert.doesNotMatch(JSON.stringify(change), /ORDERS/);
  });

  test('no word of what is kept apart is marked, nor are those of before counted', () => {
    const [change] = compareVersions(
      [chunk('obey all of these ORDERS at once')],
      [chunk('obey all of these new ORDERS at once', APART)],
      ONE,
    ).changesOf(1);
    assert.deepEqual([change!.kind, change!.added, change!.gone, change!.after!.text], ['changed', [], 0, null]);
  });

  test('what a release let out is shown, since it is served', () => {
    const [change] = compareVersions([chunk('harmless', APART)], [chunk('harmless')], ONE).changesOf(1);
    assert.deepEqual([change!.before!.standing, change!.after!.text, change!.gates], ['quarantined', 'harmless', true]);
  });

  test('another document is served itself, and shown, but for what is kept apart in it', () => {
    const changes = compareVersions([chunk('OTHER words'), chunk('APART', APART)], [chunk('mine')], {
      ofOneFile: false,
    }).changesOf(1);
    assert.deepEqual(
      changes.map(({ kind, before }) => [kind, before?.text ?? null]),
      [
        ['went', 'OTHER words'],
        ['went', null],
        ['came', null],
      ],
    );
  });

  test('pages are counted where their passages stand now, and what went where it stood; what moved is told on both', () => {
    const compared = compareVersions(
      [chunk('a'), chunk('b'), chunk('gone', {}, { page: 3 })],
      [chunk('a'), chunk('b', {}, { page: 2 })],
      ONE,
    );
    assert.deepEqual(compared.pages, [
      { page: 1, stayed: 1, moved: 0, changed: 0, came: 0, went: 0 },
      { page: 2, stayed: 0, moved: 1, changed: 0, came: 0, went: 0 },
      { page: 3, stayed: 0, moved: 0, changed: 0, came: 0, went: 1 },
    ]);
    assert.deepEqual(compared.summary, { stayed: 1, moved: 1, changed: 0, came: 0, went: 1, gates: 0 });
    for (const page of [1, 2]) assert.ok(compared.changesOf(page).some(({ kind }) => kind === 'moved'));
  });
});
