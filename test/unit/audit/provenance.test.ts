import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { verifyProvenance } from '../../../appliance/audit/provenance.ts';
import type { AuditDetails } from '../../../appliance/kernel/audit-event.ts';

type Event = Parameters<typeof verifyProvenance>[0][number];

let number = 0;
const hash = (name: string) => `sha256:${name}`;

function event(
  event_type: string,
  input: string | null,
  output: string | null,
  more: Partial<AuditDetails> = {},
): Event {
  number += 1;
  const hashes = {
    ...(input === null ? {} : { input_hash: hash(input) }),
    ...(output === null ? {} : { output_hash: hash(output) }),
  };
  return {
    event_id: `event-${number}`,
    event_type,
    timestamp: '2031-01-01T00:00:00.000Z',
    details: { component: 'parse-worker', status: 'success', ...hashes, ...more },
  };
}

const policy = (from: string, tag = '') => [
  event('POLICY_GATE_PASSED', from, `pii${tag}`, { gate: 'pii' }),
  event('POLICY_GATE_PASSED', `pii${tag}`, `class${tag}`, { gate: 'classification' }),
  event('POLICY_GATE_PASSED', `class${tag}`, `inj${tag}`, { gate: 'injection' }),
];
const index = (tag = '') => [
  event('DOCUMENT_EMBEDDED', `inj${tag}`, `vec${tag}`),
  event('INDEX_WRITTEN', `vec${tag}`, `idx${tag}`),
];
const whole = () => [
  event('DOCUMENT_INGESTED', 'raw', 'raw'),
  event('DOCUMENT_PARSED', 'raw', 'canon'),
  ...policy('canon'),
  ...index(),
];

test('a finished document has seven links, valid and complete', () => {
  const chain = verifyProvenance(whole());
  assert.deepEqual([chain.valid, chain.complete, chain.breaks, chain.links.length], [true, true, [], 7]);
  assert.ok(chain.links.every((link) => link.valid && link.current));
  assert.deepEqual(
    chain.lineage.map(({ lineage_position }) => lineage_position),
    [1, 2, 3, 4, 5, 6, 7],
  );
});

test('a document on its way is valid and not complete', () => {
  const chain = verifyProvenance(whole().slice(0, 4));
  assert.deepEqual([chain.valid, chain.complete], [true, false]);
});

test('events that are no links count in the lineage and not in the chain', () => {
  const events = whole();
  events.splice(2, 0, event('CONTENT_DROPPED', null, null), event('PII_DETECTED', null, null));
  const chain = verifyProvenance([...events, event('RETRIEVAL_EXECUTED', null, null)]);
  assert.deepEqual([chain.complete, chain.links.length, chain.lineage_length], [true, 7, 10]);
});

test('a changed hash anywhere breaks the chain at that link', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), (at) => {
      const events = whole();
      const changed = events[at] as Event;
      changed.details = { ...changed.details, input_hash: hash('other') };
      const chain = verifyProvenance(events);
      assert.equal(chain.valid, false);
      assert.deepEqual(
        chain.breaks.map(({ event_id, problem, found }) => [event_id, problem, found]),
        [[changed.event_id, 'hash_differs', hash('other')]],
      );
    }),
  );
});

test('a missing link is named, wherever it is missing', () => {
  for (let gap = 0; gap < 6; gap += 1) {
    const events = whole().filter((_, at) => at !== gap);
    const chain = verifyProvenance(events);
    assert.deepEqual([chain.valid, chain.complete], [false, false], `without link ${gap}`);
  }
});

test('links in another order are not valid', () => {
  for (let at = 0; at < 6; at += 1) {
    const events = whole();
    [events[at], events[at + 1]] = [events[at + 1] as Event, events[at] as Event];
    assert.equal(verifyProvenance(events).valid, false, `swapped ${at}`);
  }
});

test('a link without hashes is a break', () => {
  const events = whole();
  events[1] = event('DOCUMENT_PARSED', null, null);
  assert.equal(verifyProvenance(events).breaks[0]?.problem, 'hash_missing');
});

test('reprocessing from any stage continues from what is there, and earlier links are out of date', () => {
  const runs = {
    parse: [event('DOCUMENT_PARSED', 'raw', 'canon2'), ...policy('canon2', '2'), ...index('2')],
    policy: [...policy('canon', '2'), ...index('2')],
    embed: index(),
  };
  for (const [from, again] of Object.entries(runs)) {
    const chain = verifyProvenance([...whole(), ...again]);
    assert.deepEqual([chain.valid, chain.complete, chain.breaks], [true, true, []], from);
    assert.deepEqual(
      chain.links.filter(({ current }) => !current).map(({ station }) => station),
      [0, 1, 2, 3, 4, 5, 6].slice(7 - again.length),
    );
  }
});

test('a document that is being reprocessed is not complete until its new index is written', () => {
  const chain = verifyProvenance([...whole(), event('DOCUMENT_PARSED', 'raw', 'canon2')]);
  assert.deepEqual([chain.valid, chain.complete], [true, false]);
});

test('the same bytes sent again confirm the source; other bytes under the same id are a break', () => {
  const again = verifyProvenance([...whole(), event('DOCUMENT_INGESTED', 'raw', 'raw')]);
  assert.deepEqual([again.valid, again.complete], [true, true]);
  const other = verifyProvenance([...whole(), event('DOCUMENT_INGESTED', 'other', 'other')]);
  assert.equal(other.breaks[0]?.problem, 'hash_differs');
});

test('the receipt of a duplicate, which made nothing, is no link', () => {
  const chain = verifyProvenance([...whole(), event('DOCUMENT_INGESTED', null, null, { duplicate_of: 'receipt' })]);
  assert.deepEqual([chain.valid, chain.complete, chain.links.length], [true, true, 7]);
});

test('a gate that stopped the document must have been released by a person before it goes on', () => {
  const stopped = (more: Event[]) => [
    event('DOCUMENT_INGESTED', 'raw', 'raw'),
    event('DOCUMENT_PARSED', 'raw', 'canon'),
    event('POLICY_GATE_PASSED', 'canon', 'pii', { gate: 'pii' }),
    event('POLICY_GATE_FAILED', 'pii', 'class', { gate: 'classification' }),
    event('POLICY_GATE_PASSED', 'class', 'inj', { gate: 'injection' }),
    ...more,
  ];
  const held = verifyProvenance(stopped([]));
  assert.deepEqual([held.valid, held.complete], [true, false]);
  const released = verifyProvenance(stopped([event('CLASSIFICATION_REVIEWED', null, null), ...index()]));
  assert.deepEqual([released.valid, released.complete], [true, true]);
  assert.match(released.links[3]?.released_by ?? '', /^event-/);
  const smuggled = verifyProvenance(stopped(index()));
  assert.deepEqual([smuggled.valid, smuggled.complete, smuggled.breaks[0]?.problem], [false, false, 'gate_not_passed']);
});

/** Ingested, parsed, and through the gates, of which some stopped the document or let it pass for a reason. */
function judged(
  gates: Partial<Record<'pii' | 'classification' | 'injection', Partial<AuditDetails> | 'stopped'>>,
): Event[] {
  const hashes = { pii: ['canon', 'pii'], classification: ['pii', 'class'], injection: ['class', 'inj'] } as const;
  return (['pii', 'classification', 'injection'] as const).map((gate) => {
    const how = gates[gate] ?? {};
    const rules = { config_version: 1, policy_version: '2' };
    const [input, output] = hashes[gate];
    return how === 'stopped'
      ? event('POLICY_GATE_FAILED', input, output, { gate, ...rules })
      : event('POLICY_GATE_PASSED', input, output, { gate, ...rules, ...how });
  });
}
const begun = () => [event('DOCUMENT_INGESTED', 'raw', 'raw'), event('DOCUMENT_PARSED', 'raw', 'canon')];

test('a document that was reviewed, or released, goes through the gates again, and its chain is whole', () => {
  for (const [gate, decision, how] of [
    ['classification', 'CLASSIFICATION_REVIEWED', { human_override: true }],
    ['pii', 'QUARANTINE_RELEASED', { released: 2 }],
    ['injection', 'QUARANTINE_RELEASED', { released: 1 }],
  ] as const) {
    const decided = event(decision, null, null);
    const again = [...judged({ [gate]: how }), ...index()];
    const chain = verifyProvenance([...begun(), ...judged({ [gate]: 'stopped' }), decided, ...again]);
    assert.deepEqual([chain.valid, chain.complete, chain.breaks], [true, true, []], gate);
    const link = chain.links.find((one) => one.gate === gate && one.current);
    assert.equal(link?.released_by, decided.event_id, gate);
    // Also when it is processed again later, from wherever.
    const later = verifyProvenance([...begun(), ...judged({ [gate]: 'stopped' }), decided, ...again, ...again]);
    assert.deepEqual([later.valid, later.complete], [true, true], gate);
  }
});

test('a gate that let pass by a decision that nobody took is a break', () => {
  for (const [gate, how, other] of [
    ['classification', { human_override: true }, 'QUARANTINE_RELEASED'],
    ['pii', { released: 1 }, 'CLASSIFICATION_REVIEWED'],
    ['injection', { released: 1 }, 'CLASSIFICATION_REVIEWED'],
  ] as const) {
    for (const before of [[], [event(other, null, null)]]) {
      const chain = verifyProvenance([...begun(), ...before, ...judged({ [gate]: how }), ...index()]);
      assert.deepEqual([chain.valid, chain.breaks.map(({ problem }) => problem)], [false, ['gate_not_passed']], gate);
    }
  }
});

test('a gate that passes what it stopped, under the same rules and without a decision, is a break', () => {
  for (const gate of ['pii', 'classification', 'injection'] as const) {
    const again = [...judged({}), ...index()];
    const chain = verifyProvenance([...begun(), ...judged({ [gate]: 'stopped' }), ...again]);
    assert.deepEqual([chain.valid, chain.breaks.map(({ problem }) => problem)], [false, ['gate_not_passed']], gate);
    const changed = { [gate]: { config_version: 2 } };
    const reconfigured = verifyProvenance([
      ...begun(),
      ...judged({ [gate]: 'stopped' }),
      ...judged(changed),
      ...index(),
    ]);
    assert.deepEqual([reconfigured.valid, reconfigured.complete], [true, true], `${gate} under other rules`);
  }
});

test('a decision about one gate does not open another', () => {
  const stopped = [...begun(), ...judged({ classification: 'stopped', injection: 'stopped' })];
  const chain = verifyProvenance([...stopped, event('CLASSIFICATION_REVIEWED', null, null), ...index()]);
  assert.deepEqual([chain.valid, chain.complete, chain.breaks[0]?.problem], [false, false, 'gate_not_passed']);
});

test('an attempt that failed is no link, and a gate nobody knows is none either', () => {
  const events = whole();
  events.splice(2, 0, event('POLICY_GATE_FAILED', null, null, { gate: 'all', error_code: 'GATE_UNAVAILABLE' }));
  events.splice(2, 0, event('POLICY_GATE_PASSED', 'canon', 'x', { gate: 'made-up' }));
  const chain = verifyProvenance(events);
  assert.deepEqual([chain.valid, chain.complete, chain.links.length], [true, true, 7]);
});

test('no events make no chain, which is neither broken nor complete', () => {
  assert.deepEqual(verifyProvenance([]), {
    valid: true,
    complete: false,
    breaks: [],
    links: [],
    lineage: [],
    lineage_length: 0,
  });
});
