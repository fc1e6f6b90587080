/**
 * Which licences may ship: `manifests/licences.json`. A licence that is not there is unknown, and one that is unfit fails the
 * build as well; nobody is asked.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ROOT } from '../images/recipe.ts';

const policySchema = z.strictObject({
  /** Licences that may ship, by their names in the SPDX list, or as `LicenseRef-…` where that has none. */
  fit: z.array(z.string()),
  /** Licences that may not, with the reason. */
  unfit: z.record(z.string(), z.string()),
  /** What others call them, in lower case. */
  names: z.record(z.string(), z.string()),
  /** Debian source packages whose copyright file no program can read: read by people. */
  debian: z.record(z.string(), z.string()),
  /** Go modules by `path@version`: `scripts/licences/read-go.ts` reads their files. */
  go: z.record(z.string(), z.string()),
  /** What packages without a text of their own are under: whose they are, files of `scripts/licences/texts/`, and where both are from. */
  texts: z.record(
    z.string(),
    z.strictObject({ notice: z.string().min(1), files: z.array(z.string()).min(1), from: z.string().min(1) }),
  ),
  /** What packages hold inside a binary of theirs, beside what they say of themselves; without files: the package's own texts. */
  within: z.record(
    z.string(),
    z.array(z.strictObject({ name: z.string(), licence: z.string(), files: z.array(z.string()) })),
  ),
});

export type LicencePolicy = z.output<typeof policySchema>;

/** Whatever ships: a package of a distribution, npm or Go, or a program. */
export interface Component {
  ecosystem: 'deb' | 'apk' | 'npm' | 'golang' | 'generic';
  name: string;
  version: string;
  /** SHA-256 of what it came as, where that is known. */
  sha256?: string;
  /** SHA-512 of the same, where that is what was locked. */
  sha512?: string;
  arch?: string;
  /** Of a package of a distribution: which, where it is not Debian. */
  distribution?: string;
  /** And what it was built from, with its version. */
  source?: string;
  /** Of an image of others: its programs that belong to no package, which is all that is known of them. */
  programs?: readonly { path: string; sha256: string }[];
  /** What it says of its licences, in its own words; empty: nothing. */
  says: readonly string[];
  /** The texts of its licences, as it brings them or as people found them. */
  texts?: readonly string[];
}

export const POLICY_FILE = join(ROOT, 'manifests/licences.json');
const TEXTS = join(import.meta.dirname, 'texts');

/** A text that people found, of `scripts/licences/texts/`. */
export const textOf = (file: string): string => readFileSync(join(TEXTS, file), 'utf8');

/** The text that people found for a part that brings none: `npm/saxes`; none where they did not look. */
export function textsByPeople({ texts }: LicencePolicy, part: string): string[] {
  const known = texts[part];
  return known === undefined ? [] : [[known.notice, ...known.files.map(textOf)].join('\n\n')];
}

export function readPolicy(file = POLICY_FILE): LicencePolicy {
  return policySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

export interface Judged {
  component: Component;
  /** SPDX names, sorted. */
  licences: string[];
}

/** The licences of components; throws one error that names every component whose licence is unknown or unfit. */
export function judge(components: readonly Component[], policy: LicencePolicy): Judged[] {
  const complaints: string[] = [];
  const fit = new Set(policy.fit);
  const judged = components.map((component): Judged => {
    const { name, version, says } = component;
    const complain = (what: string) => complaints.push(`${name} ${version}: ${what}`);
    const licences = new Set<string>();
    for (const atom of says.flatMap(atomsOf)) {
      const known = policy.names[atom.toLowerCase()] ?? atom;
      const reason = policy.unfit[known];
      if (reason !== undefined) complain(`${known} may not ship: ${reason}`);
      else if (!fit.has(known)) complain(`its licence is not known: ${atom}`);
      else licences.add(known);
    }
    if (says.flatMap(atomsOf).length === 0) complain('it says nothing of its licence');
    return { component, licences: [...licences].sort() };
  });
  if (complaints.length === 0) return judged;
  throw new Error(
    `${complaints.length} licence(s) may not ship as they are; manifests/licences.json says which may:\n  ${[...new Set(complaints)].join('\n  ')}`,
  );
}

/** A licence's words in their single licences: all that is named has to be fit, whether it is `and` or `or`. */
export function atomsOf(words: string): string[] {
  return words
    .replace(/[()]/g, ' ')
    .replace(/\b([\w.+-]+) +with +[\w.+ -]*?exceptions?\b/gi, '$1')
    .split(/,\s*(?:and\s+)?|\s+(?:and|or|AND|OR)\s+|\s+with\s+/)
    .map((atom) => atom.trim())
    .filter(Boolean);
}
