/** What a release says of itself beside what it is made of: `manifests/release.json`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BundleManifest } from '../../appliance/bundle/format/manifest.ts';
import { ROOT } from '../images/recipe.ts';

export type ReleaseFacts = Pick<BundleManifest, 'counter' | 'upgrade_from' | 'requirements'>;

interface Written extends Omit<ReleaseFacts, 'counter'> {
  /** Each version's place among all: a host takes nothing that stands before what it has taken (spec 7, "Signing"). */
  counters: Record<string, number>;
}

/**
 * The facts of a version. Throws where it has no counter, or where a counter is not above that of the version written before
 * it: two releases must never share one, or the older could come in after the newer.
 */
export function releaseFacts(version: string, text = written()): ReleaseFacts {
  const { counters, ...facts } = JSON.parse(text) as Written;
  let before = 0;
  for (const [of, counter] of Object.entries(counters)) {
    if (!Number.isSafeInteger(counter) || counter <= before)
      throw new Error(`manifests/release.json: the counter of ${of} is not above ${before}`);
    before = counter;
  }
  const counter = counters[version];
  if (counter === undefined)
    throw new Error(`manifests/release.json has no counter for ${version}: give it ${before + 1}, behind the others`);
  if (counter !== before)
    throw new Error(`manifests/release.json: ${version} is not the newest: its counter is not the last`);
  return { ...facts, counter };
}

function written(): string {
  return readFileSync(join(ROOT, 'manifests/release.json'), 'utf8');
}
