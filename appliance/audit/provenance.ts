import type { AuditEvent } from '../kernel/audit-event.ts';

/**
 * The provenance chain of a document (spec 5): raw file → canonical JSON → enriched chunks (one link per gate) → vectors
 * → index confirmation. Each link's `input_hash` is the `output_hash` of the link before it.
 */

/** The stations in order; a gate goes by its name in `details.gate`. */
export const PROVENANCE_STATIONS = Object.freeze([
  'DOCUMENT_INGESTED',
  'DOCUMENT_PARSED',
  'pii',
  'classification',
  'injection',
  'DOCUMENT_EMBEDDED',
  'INDEX_WRITTEN',
] as const);

const INGESTED = 0;
const EMBEDDED = 5;
const GATE_EVENTS = new Set(['POLICY_GATE_PASSED', 'POLICY_GATE_FAILED']);
/** By which decision a person lets a document go on that these gates had stopped. */
const DECISIONS: Readonly<Record<string, readonly string[]>> = Object.freeze({
  CLASSIFICATION_REVIEWED: ['classification'],
  QUARANTINE_RELEASED: ['pii', 'injection'],
});

export interface ProvenanceLink {
  event_id: string;
  event_type: string;
  gate: string | null;
  timestamp: string;
  input_hash: string | null;
  output_hash: string | null;
  /** Place in `PROVENANCE_STATIONS`. */
  station: number;
  /** False for a gate that stopped the document, until a person released it. */
  passed: boolean;
  /** The event of that person's decision, also where the gate let pass in a later run what was decided then. */
  released_by: string | null;
  /** Belongs to the way that led to the document's present state; false for links of an earlier run. */
  current: boolean;
  /** Its input is the output of the link before it (the first link: it has a hash). */
  valid: boolean;
}

export interface ProvenanceBreak {
  event_id: string;
  event_type: string;
  /**
   * `gate_not_passed`: it went on past a gate that had stopped it, and nobody had released it; or a gate let it pass by a
   * decision that nobody took, or passed what it had stopped before, under the same rules, without one.
   */
  problem: 'hash_missing' | 'hash_differs' | 'link_missing' | 'gate_not_passed';
  expected: string | null;
  found: string | null;
}

export interface Provenance {
  /** No break anywhere, and every document chain starts with its ingestion. */
  valid: boolean;
  /** All seven links of a finished document are there (the minimum chain). */
  complete: boolean;
  breaks: ProvenanceBreak[];
  links: ProvenanceLink[];
  /** Every event of the document with its place in its life, from 1. */
  lineage: { event_id: string; lineage_position: number }[];
  lineage_length: number;
}

type Event = Pick<AuditEvent, 'event_id' | 'event_type' | 'timestamp' | 'details'>;

/**
 * Checks the chain of one document from its events in log order. A stage that runs again (reprocessing) continues from
 * the latest link of an earlier station and puts the links behind it out of date. Pure. O(events).
 */
export function verifyProvenance(events: readonly Event[]): Provenance {
  const links: ProvenanceLink[] = [];
  const breaks: ProvenanceBreak[] = [];
  let path: ProvenanceLink[] = [];
  const gates = new GateWatch();

  for (const event of events) {
    for (const gate of DECISIONS[event.event_type] ?? []) {
      release(path, gate, event.event_id);
      gates.decide(gate, event.event_id);
    }
    const station = stationOf(event);
    if (station === null) continue;
    const link = newLink(event, station);
    const found = station === INGESTED ? checkSource(link, path) : checkLink(link, path);
    const problem = found ?? gates.check(link, event);
    if (problem) breaks.push(problem);
    link.valid = problem === null;
    links.push(link);
    // The same bytes sent again are the same document: that receipt confirms the source and changes nothing behind it.
    if (station === INGESTED && path.length > 0) continue;
    path = [...path.filter((earlier) => earlier.station < station), link];
  }
  for (const link of path) link.current = true;
  return {
    valid: breaks.length === 0 && (links.length === 0 || links[0]?.station === INGESTED),
    complete: PROVENANCE_STATIONS.every((_, station) => path.some((link) => link.station === station && link.passed)),
    breaks,
    links,
    lineage: events.map(({ event_id }, at) => ({ event_id, lineage_position: at + 1 })),
    lineage_length: events.length,
  };
}

/**
 * Which station an event is, or null for one that is no link: an attempt that failed made nothing, and neither did the
 * receipt of a duplicate.
 */
function stationOf({ event_type, details }: Event): number | null {
  if (event_type === 'DOCUMENT_INGESTED' && details.duplicate_of !== undefined && details.output_hash === undefined)
    return null;
  if (event_type === 'POLICY_GATE_FAILED' && details.output_hash === undefined) return null;
  const name = GATE_EVENTS.has(event_type) ? details.gate : event_type;
  const station = (PROVENANCE_STATIONS as readonly unknown[]).indexOf(name);
  return station < 0 ? null : station;
}

/** What the gates of a document did before: a gate is deterministic, so only other rules or a decision change its mind. */
class GateWatch {
  /** The latest decision about each gate. */
  readonly #decisions = new Map<string, string>();
  /** What each gate stopped since then, by input and rules. */
  readonly #stopped = new Map<string, Set<string>>();

  decide(gate: string, decision: string): void {
    this.#decisions.set(gate, decision);
    this.#stopped.delete(gate);
  }

  /** Notes what a gate did; a break when it may not have. */
  check(link: ProvenanceLink, { details }: Event): ProvenanceBreak | null {
    const { gate } = link;
    if (gate === null) return null;
    const { config_version, policy_version, pipeline_version } = details;
    const rules = JSON.stringify([link.input_hash, config_version, policy_version, pipeline_version]);
    const stopped = this.#stopped.get(gate) ?? new Set();
    this.#stopped.set(gate, stopped);
    if (!link.passed) {
      stopped.add(rules);
      return null;
    }
    if (details.human_override === true || Number(details.released ?? 0) > 0) {
      link.released_by = this.#decisions.get(gate) ?? null;
      return link.released_by === null ? broken(link, 'gate_not_passed', null, link.input_hash) : null;
    }
    return stopped.has(rules) ? broken(link, 'gate_not_passed', null, link.input_hash) : null;
  }
}

function release(path: readonly ProvenanceLink[], gate: string, decision: string): void {
  for (const link of path) {
    if (link.passed || link.gate !== gate) continue;
    link.passed = true;
    link.released_by = decision;
  }
}

function newLink(event: Event, station: number): ProvenanceLink {
  return {
    event_id: event.event_id,
    event_type: event.event_type,
    gate: GATE_EVENTS.has(event.event_type) ? String(event.details.gate) : null,
    timestamp: event.timestamp,
    input_hash: event.details.input_hash ?? null,
    output_hash: event.details.output_hash ?? null,
    station,
    passed: event.event_type !== 'POLICY_GATE_FAILED',
    released_by: null,
    current: false,
    valid: false,
  };
}

/** The first link stands for the raw file; a later receipt of the document must name the same file. */
function checkSource(link: ProvenanceLink, path: readonly ProvenanceLink[]): ProvenanceBreak | null {
  if (link.output_hash === null) return broken(link, 'hash_missing', null, null);
  const source = path[0];
  if (source?.station !== INGESTED || source.output_hash === link.output_hash) return null;
  return broken(link, 'hash_differs', source.output_hash, link.output_hash);
}

function checkLink(link: ProvenanceLink, path: readonly ProvenanceLink[]): ProvenanceBreak | null {
  const before = path.filter((earlier) => earlier.station < link.station).at(-1);
  if (before?.station !== link.station - 1) return broken(link, 'link_missing', null, link.input_hash);
  if (link.input_hash === null || link.output_hash === null) {
    return broken(link, 'hash_missing', before.output_hash, link.input_hash);
  }
  if (link.input_hash !== before.output_hash) return broken(link, 'hash_differs', before.output_hash, link.input_hash);
  const stopped = link.station === EMBEDDED && path.find((earlier) => earlier.station < EMBEDDED && !earlier.passed);
  return stopped ? broken(link, 'gate_not_passed', stopped.output_hash, link.input_hash) : null;
}

function broken(
  link: ProvenanceLink,
  problem: ProvenanceBreak['problem'],
  expected: string | null,
  found: string | null,
): ProvenanceBreak {
  return { event_id: link.event_id, event_type: link.event_type, problem, expected, found };
}
