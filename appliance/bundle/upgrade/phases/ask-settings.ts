import type { Phase } from '../../operation/phase.ts';
import type { Settings } from '../tools.ts';

/** Asks the program of a release whether it can be run with the site’s settings, before anybody is sent away for it. */
export function askSettings(release: string, settings: Settings): Phase {
  return {
    name: 'settings',
    title: 'Ask the release whether it knows the settings',
    seconds: 1,
    check: async ({ recorded }) => recorded,
    do: () => settings.mustBeKnownTo(release),
    // Nothing was changed by asking.
    undo: async () => undefined,
  };
}
