import { FrostbyteError } from '../kernel/errors.ts';
import type { DocumentState } from '../kernel/pipeline.ts';
import type { DocumentRow, ReprocessStart } from '../stores/record/rows.ts';

/**
 * "All documents below a version" (spec 2, "Ids"): whose recorded version of a stage is older than a given one. Names are
 * those of the lineage. Pure.
 */
export const VERSIONS = [
  'stage1_parser_version',
  'stage2_parser_version',
  'policy_version',
  'embed_version',
  'config_version',
] as const;
export type VersionName = (typeof VERSIONS)[number];

/** What this appliance makes documents with now. */
export interface CurrentVersions {
  stage1_parser_version: string;
  stage2_parser_version: string;
  policy_version: string;
  embed_model: string;
  embed_version: string;
  config_version: number;
}

/** A bound as a request keeps it; an embedding version goes with its model. */
export type Below = Partial<CurrentVersions>;

/** The bound's value that stands for whatever is current when the request is made. */
export const CURRENT = 'current';

interface Kind {
  /** Where a run must begin at the latest to raise this version. */
  latest: ReprocessStart;
  /** The end of a document that the stage of this version gave up; such a document has no version and is below. */
  failed: DocumentState;
  /** Whether one value is older than another; null where versions have no order and only the current one is a bound. */
  older: ((a: string | number, b: string | number) => boolean) | null;
}

const KINDS: Readonly<Record<VersionName, Kind>> = Object.freeze({
  stage1_parser_version: { latest: 'parse', failed: 'parse_failed', older: olderNumbers },
  stage2_parser_version: { latest: 'parse', failed: 'parse_failed', older: olderNumbers },
  // Hashes over patterns and models: the newer one does not show.
  policy_version: { latest: 'policy', failed: 'policy_failed', older: null },
  embed_version: { latest: 'embed', failed: 'embed_failed', older: null },
  config_version: { latest: 'policy', failed: 'policy_failed', older: (a, b) => Number(a) < Number(b) },
});

const ORDER: readonly ReprocessStart[] = ['parse', 'policy', 'embed'];

/**
 * Reads the bound of a request. Throws `VALIDATION_ERROR` for one that no run could ever reach: beyond what is current, or
 * raised by an earlier stage than the one that documents shall begin at.
 */
export function readBelow(
  asked: Partial<Record<VersionName, string | number>>,
  from: ReprocessStart,
  current: CurrentVersions,
): Below {
  const [name, value] = Object.entries(asked)[0] as [VersionName, string | number];
  const { latest, older } = KINDS[name];
  if (ORDER.indexOf(from) > ORDER.indexOf(latest)) {
    throw wrong('from', from, `${latest} or earlier: a run from ${from} does not change ${name}`);
  }
  const now = current[name];
  const wanted = value === CURRENT ? now : value;
  const reachable = older === null ? wanted === now : !older(now, wanted);
  if (!reachable) {
    throw wrong(`below.${name}`, value, older === null ? `"${CURRENT}" or ${now}` : `"${CURRENT}" or at most ${now}`);
  }
  return name === 'embed_version'
    ? { embed_version: String(now), embed_model: current.embed_model }
    : { [name]: wanted };
}

/** Whether a document was made by an older version than the bound, or given up by the stage of that version. */
export function isBelow(document: DocumentRow, below: Below): boolean {
  const name = VERSIONS.find((each) => below[each] !== undefined);
  if (name === undefined) return false;
  const { failed, older } = KINDS[name];
  if (document.state === failed) return true;
  const recorded = recordedVersion(document, name);
  if (recorded === null) return false;
  if (name === 'embed_version' && (document.served ?? document).embed_model !== below.embed_model) return true;
  const bound = below[name]!;
  return older === null ? recorded !== bound : older(recorded, bound);
}

/** The part of findings and of a served version's lineage that names versions. */
interface Lineage {
  stage1_parser_version?: string;
  stage2_parser_version?: string;
  policy_version?: string | null;
}

/**
 * The version that people see, where one is served: a run that failed after the gates leaves an older one there, and it
 * counts. While a run is at work, its config is what the document will go by.
 */
function recordedVersion({ served, ...document }: DocumentRow, name: VersionName): string | number | null {
  if (name === 'config_version') {
    return document.state === 'processing' || !served ? document.config_version : served.config_version;
  }
  if (name === 'embed_version') return (served ?? document).embed_version;
  return lineageOf(served?.lineage, document.findings)[name] ?? null;
}

function lineageOf(served: Lineage | undefined, findings: DocumentRow['findings']): Lineage {
  const { parsing, policy } = findings as { parsing?: { lineage?: Lineage }; policy?: Lineage };
  return served ?? { ...parsing?.lineage, policy_version: policy?.policy_version ?? null };
}

/** `1.9.0` is older than `1.10.0`. */
function olderNumbers(a: string | number, b: string | number): boolean {
  const [left, right] = [a, b].map((version) => String(version).split('.').map(Number)) as [number[], number[]];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function wrong(field: string, value: string | number, constraint: string): FrostbyteError {
  return new FrostbyteError('VALIDATION_ERROR', 'No run from there could bring a document to this version.', {
    details: [{ field, value, constraint }],
  });
}
