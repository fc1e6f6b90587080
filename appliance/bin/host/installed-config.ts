import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { HostLayout } from '../../bundle/host-layout.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { modelsHere } from '../where.ts';

/** The settings of the appliance on this host, as its services read them: whoever runs this has no say by his environment. */
export function installedConfig({ settings }: Pick<HostLayout, 'settings'>): Config {
  const config = loadConfig({ file: join(settings, 'frostbyte.yaml'), variables: {} });
  if (config.embedder.models_folder !== null) return config;
  return { ...config, embedder: { ...config.embedder, models_folder: modelsHere(config.data_folder) } };
}

/** Networks from which somebody may come, as the settings on this host say; none before there are any settings. */
export function openTo(layout: Pick<HostLayout, 'settings'>): readonly string[] {
  return existsSync(join(layout.settings, 'frostbyte.yaml'))
    ? (installedConfig(layout).listen.open?.networks ?? [])
    : [];
}
