import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** The bills of material of two releases, one against the other (spec 7, "Evidence"): shown before the second is applied. */

const Bill = z.object({
  components: z
    .array(z.object({ name: z.string(), version: z.string().optional(), purl: z.string().optional() }))
    .default([]),
  vulnerabilities: z
    .array(z.object({ id: z.string(), analysis: z.object({ state: z.string().optional() }).optional() }))
    .default([]),
});
type Bill = z.infer<typeof Bill>;

export interface BillChange {
  name: string;
  /** Null: it is not in that release. */
  from: string | null;
  to: string | null;
}

export interface BillComparison {
  /** How many components each of the two has; null: it brings no bill that can be read. */
  components: { from: number | null; to: number | null };
  changes: BillChange[];
  /** Known vulnerabilities (VEX) by their ids; null where neither release brings any statement. */
  vulnerabilities: { new: string[]; gone: string[]; open: string[] } | null;
}

const FILES = ['sbom/all.cdx.json', 'sbom/vex.cdx.json'] as const;
/** Of what a release says of itself: nothing of it can be exploited. */
const HARMLESS: ReadonlySet<string> = new Set(['not_affected', 'resolved', 'false_positive']);

/** Compares what two releases in their folders say they are made of. Reads, and judges nothing. */
export function compareBills(from: string, to: string): BillComparison {
  const [before, after] = [billOf(from), billOf(to)];
  const [were, are] = [versionsOf(before), versionsOf(after)];
  const names = [...new Set([...were.keys(), ...are.keys()])].sort();
  const changes = names.flatMap((name): BillChange[] => {
    const change = { name, from: were.get(name) ?? null, to: are.get(name) ?? null };
    return change.from === change.to ? [] : [change];
  });
  const [known, now] = [before, after].map((bill) => openOf(bill));
  const says = [before, after].some((bill) => (bill?.vulnerabilities.length ?? 0) > 0);
  return {
    components: { from: before?.components.length ?? null, to: after?.components.length ?? null },
    changes,
    vulnerabilities: says
      ? {
          new: now!.filter((id) => !known!.includes(id)),
          gone: known!.filter((id) => !now!.includes(id)),
          open: now!,
        }
      : null,
  };
}

function billOf(release: string): Bill | null {
  const parts = FILES.map((file) => join(release, file))
    .filter((file) => existsSync(file))
    .map((file) => Bill.safeParse(jsonOf(file)).data)
    .filter((bill) => bill !== undefined);
  if (parts.length === 0) return null;
  return {
    components: parts.flatMap(({ components }) => components),
    vulnerabilities: parts.flatMap(({ vulnerabilities }) => vulnerabilities),
  };
}

function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** By what a component is called where it comes from; all its versions, where it is there more than once. */
function versionsOf(bill: Bill | null): Map<string, string> {
  const all = new Map<string, Set<string>>();
  for (const { name, version, purl } of bill?.components ?? []) {
    const called = purl?.replace(/[@?].*$/, '') ?? name;
    all.set(called, (all.get(called) ?? new Set()).add(version ?? '?'));
  }
  return new Map([...all].map(([name, versions]) => [name, [...versions].sort().join(', ')]));
}

const openOf = (bill: Bill | null): string[] =>
  (bill?.vulnerabilities ?? [])
    .filter(({ analysis }) => !HARMLESS.has(analysis?.state ?? ''))
    .map(({ id }) => id)
    .sort();
