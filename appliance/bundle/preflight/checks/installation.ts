import { type Check, fail, pass, warn } from '../check.ts';
import { compareVersions } from '../versions.ts';

/** What of ours is there already. */
export const INSTALLATION_CHECKS: readonly Check[] = [
  {
    name: 'installation',
    group: 'Installation',
    title: 'Release that is there',
    strict: false,
    judge({ installation: { state, version, reason, data } }, needs) {
      if (state === 'broken') {
        return fail(
          `broken: ${reason}`,
          'Run the installer of that release again: it mends what is missing. Data are not touched.',
        );
      }
      if (state === 'none') {
        return data
          ? warn(
              'none, but there are data',
              'They are taken over. Where they are not meant to be: frostbyte uninstall asks twice.',
            )
          : pass('none');
      }
      return pass(version === needs.version ? `${version}, the same` : `${version}`);
    },
  },
  {
    name: 'downgrade',
    group: 'Installation',
    title: 'Older than what is there',
    strict: true,
    judge({ installation: { version, counter } }, needs) {
      if (counter === null || version === null || counter <= needs.counter) return pass('no');
      return fail(
        `${needs.version} is older than ${version}`,
        'Take the newer bundle. To go back to the release before: frostbyte rollback.',
      );
    },
  },
  {
    name: 'upgrade-path',
    group: 'Installation',
    title: 'Step of the upgrade',
    strict: true,
    judge({ installation: { version } }, { version: next, upgrade_from: from }) {
      if (version === null || version === next) return pass('no upgrade');
      if (from === null) return pass(`${version} → ${next}`);
      const isWithin = compareVersions(version, from.at_least) >= 0 && compareVersions(version, from.below) < 0;
      return isWithin || compareVersions(version, next) > 0
        ? pass(`${version} → ${next}`)
        : fail(
            `${next} takes over from ${from.at_least} on, and ${version} is there`,
            `Upgrade to ${from.at_least} first: no release is skipped.`,
          );
    },
  },
  {
    name: 'unfinished',
    group: 'Installation',
    title: 'Operation that was left',
    strict: false,
    judge: ({ installation: { unfinished } }) =>
      unfinished === null
        ? pass('none')
        : warn(unfinished, 'frostbyte plan show; then frostbyte plan resume, or frostbyte plan rollback.'),
  },
];
