import { existsSync } from 'node:fs';
import type { HostLayout } from '../../bundle/host-layout.ts';
import { type Config, defaultConfig } from '../../config/schema.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';

/** What is looked at: an installed host, or a data folder of its own. */
export interface Patient {
  layout: HostLayout;
  config: Readonly<Config>;
  settingsProblem: string | null;
}

/** The patient by its settings; where those cannot be read, by where an installation keeps everything. */
export function patientOf(layout: HostLayout, load: () => Readonly<Config>, dataFolder?: string): Patient {
  try {
    return { layout, config: load(), settingsProblem: null };
  } catch (error) {
    if (!isFrostbyteError(error, 'CONFIG_INVALID')) throw error;
    const isInstalled = dataFolder === undefined && existsSync(layout.current);
    const defaults = defaultConfig();
    const config: Config = {
      ...defaults,
      mode: isInstalled ? 'stack' : 'embedded',
      data_folder: dataFolder ?? (isInstalled ? layout.data : defaults.data_folder),
      processes: { ...defaults.processes, run_folder: isInstalled ? '/run/frostbyte' : null },
    };
    const fields = error.details.map(({ field, constraint }) => `${field}: ${constraint}`);
    return { layout, config, settingsProblem: [error.message.split('\n')[0], ...fields].join('; ').slice(0, 600) };
  }
}
