import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Below, type CurrentVersions, isBelow, readBelow } from '../../../appliance/data/below-version.ts';
import { isFrostbyteError } from '../../../appliance/kernel/errors.ts';
import type { DocumentRow, ReprocessStart, ServedVersion } from '../../../appliance/stores/record/rows.ts';

const NOW: CurrentVersions = {
  stage1_parser_version: '1.10.0',
  stage2_parser_version: '2.0.0',
  policy_version: '3-new',
  embed_model: 'lexical',
  embed_version: '2',
  config_version: 7,
};

const row = (changes: Partial<DocumentRow>) =>
  ({
    state: 'indexed',
    config_version: 7,
    findings: {},
    embed_model: null,
    embed_version: null,
    served: null,
    ...changes,
  }) as DocumentRow;
const serving = (served: Partial<ServedVersion>, changes: Partial<DocumentRow> = {}) =>
  row({
    served: {
      run: 1,
      config_version: 7,
      embed_model: 'lexical',
      embed_version: '2',
      lineage: {},
      ...served,
    } as ServedVersion,
    ...changes,
  });
const parsed = (version: string) => ({
  parsing: { lineage: { stage1_parser_version: version, stage2_parser_version: '2.0.0' } },
});

test('`current` stands for what the appliance makes now, and an embedding version goes with its model', () => {
  assert.deepEqual(readBelow({ stage1_parser_version: 'current' }, 'parse', NOW), { stage1_parser_version: '1.10.0' });
  assert.deepEqual(readBelow({ policy_version: 'current' }, 'parse', NOW), { policy_version: '3-new' });
  assert.deepEqual(readBelow({ config_version: 'current' }, 'policy', NOW), { config_version: 7 });
  assert.deepEqual(readBelow({ embed_version: '2' }, 'embed', NOW), { embed_version: '2', embed_model: 'lexical' });
});

test('a bound may lie behind what is current where versions have an order', () => {
  assert.deepEqual(readBelow({ stage1_parser_version: '1.9' }, 'parse', NOW), { stage1_parser_version: '1.9' });
  assert.deepEqual(readBelow({ config_version: 3 }, 'policy', NOW), { config_version: 3 });
});

for (const [what, asked, from, field] of [
  ['beyond the current parser', { stage1_parser_version: '1.11.0' }, 'parse', 'below.stage1_parser_version'],
  ['beyond the current configuration', { config_version: 8 }, 'policy', 'below.config_version'],
  ['another policy than the current one', { policy_version: '3-other' }, 'policy', 'below.policy_version'],
  ['another embedder than the current one', { embed_version: '1' }, 'embed', 'below.embed_version'],
  ['a parser version, from policy', { stage2_parser_version: 'current' }, 'policy', 'from'],
  ['a policy version, from embed', { policy_version: 'current' }, 'embed', 'from'],
  ['a configuration, from embed', { config_version: 'current' }, 'embed', 'from'],
] as const) {
  test(`${what} is a bound that no run could reach`, () => {
    assert.throws(
      () => readBelow(asked, from as ReprocessStart, NOW),
      (error) => isFrostbyteError(error, 'VALIDATION_ERROR') && error.details[0]?.field === field,
    );
  });
}

for (const [what, document, below, expected] of [
  [
    'an older parser',
    serving({ lineage: { stage1_parser_version: '1.9.0' } }),
    { stage1_parser_version: '1.10.0' },
    true,
  ],
  [
    'the same parser',
    serving({ lineage: { stage1_parser_version: '1.10' } }),
    { stage1_parser_version: '1.10.0' },
    false,
  ],
  [
    'a newer parser',
    serving({ lineage: { stage1_parser_version: '1.10.1' } }),
    { stage1_parser_version: '1.10.0' },
    false,
  ],
  [
    'what policy stopped: its findings count',
    row({ state: 'quarantined', findings: parsed('1.2.0') }),
    { stage1_parser_version: '1.10.0' },
    true,
  ],
  ['a document no parser could read', row({ state: 'parse_failed' }), { stage1_parser_version: '1.10.0' }, true],
  ['a document no parser could read', row({ state: 'parse_failed' }), { policy_version: '3-new' }, false],
  ['a document on its first way', row({ state: 'processing' }), { policy_version: '3-new' }, false],
  ['another policy', serving({ lineage: { policy_version: '3-old' } }), { policy_version: '3-new' }, true],
  ['the same policy', serving({ lineage: { policy_version: '3-new' } }), { policy_version: '3-new' }, false],
  [
    'another version of the model',
    serving({ embed_version: '1' }),
    { embed_version: '2', embed_model: 'lexical' },
    true,
  ],
  [
    'another model of the same version',
    serving({ embed_model: 'm' }),
    { embed_version: '2', embed_model: 'lexical' },
    true,
  ],
  ['the same model and version', serving({}), { embed_version: '2', embed_model: 'lexical' }, false],
  ['an older configuration', serving({ config_version: 6 }, { config_version: 6 }), { config_version: 7 }, true],
  [
    'an older one still served after the new run failed',
    serving({ config_version: 6 }, { state: 'embed_failed' }),
    { config_version: 7 },
    true,
  ],
  [
    'an older one served while the new run is at work',
    serving({ config_version: 6 }, { state: 'processing' }),
    { config_version: 7 },
    false,
  ],
  ['an older one at work', row({ state: 'processing', config_version: 6 }), { config_version: 7 }, true],
] as [string, DocumentRow, Below, boolean][]) {
  test(`${what} is ${expected ? 'below' : 'not below'} ${JSON.stringify(below)}`, () => {
    assert.equal(isBelow(document, below), expected);
  });
}
