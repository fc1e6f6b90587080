import { FrostbyteError } from '../../kernel/errors.ts';
import type { BundleManifest } from '../format/manifest.ts';
import { compareVersions } from '../preflight/versions.ts';

/** What of a release decides whether another one may take its place. */
export type Release = Pick<BundleManifest, 'version' | 'counter' | 'upgrade_from' | 'data_formats'>;

/**
 * Whether a release may take the place of the one that is there: newer, no release skipped, and every store able to read what
 * the one before it wrote. Throws `BUNDLE_OLDER` and `INVALID_STATE_TRANSITION`, with what to do instead.
 */
export function refuseStep(from: Release, to: Release): void {
  if (to.counter <= from.counter || compareVersions(to.version, from.version) <= 0) {
    throw new FrostbyteError(
      'BUNDLE_OLDER',
      `Release ${to.version} is not newer than ${from.version}, which is here. To go back to the release before: frostbyte rollback.`,
      { details: [{ field: 'version', value: to.version, constraint: `newer than ${from.version}` }] },
    );
  }
  const { upgrade_from: step } = to;
  if (step !== null && !isWithin(from.version, step)) {
    throw refused(
      `Release ${to.version} takes over from ${step.at_least} on, and ${from.version} is here. Upgrade to ${step.at_least} first: no release is skipped.`,
      { field: 'upgrade_from', value: from.version, constraint: `from ${step.at_least} on, below ${step.below}` },
    );
  }
  const stores = new Set([...Object.keys(from.data_formats), ...Object.keys(to.data_formats)]);
  for (const store of stores) {
    const [is, wanted] = [from.data_formats[store] ?? 'none', to.data_formats[store] ?? 'none'];
    if (is === wanted || isNextStep(is, wanted)) continue;
    throw refused(
      `Release ${to.version} keeps ${store} as ${wanted}, and here it is kept as ${is}: its server does not read that. Take a bundle of ${to.version} that keeps it as ${is}, or go by the release in between.`,
      { field: `data_formats.${store}`, value: wanted, constraint: `${is}, or its next step` },
    );
  }
}

const isWithin = (version: string, { at_least, below }: NonNullable<Release['upgrade_from']>): boolean =>
  compareVersions(version, at_least) >= 0 && compareVersions(version, below) < 0;

/** A store that reads what the minor version before it wrote (`qdrant-1.18` → `qdrant-1.19`); a major one never is. */
function isNextStep(is: string, wanted: string): boolean {
  const [before, after] = [is, wanted].map((format) => /^([a-z]+)-(\d+)\.(\d+)$/.exec(format));
  if (!before || !after) return false;
  return before[1] === after[1] && before[2] === after[2] && Number(after[3]) === Number(before[3]) + 1;
}

function refused(message: string, detail: { field: string; value: string; constraint: string }): FrostbyteError {
  return new FrostbyteError('INVALID_STATE_TRANSITION', message, { details: [detail] });
}
