import { join } from 'node:path';
import type { Config } from '../config/schema.ts';

/** Where the sockets of an appliance of several processes lie. */
export function runFolder({ processes, data_folder }: Pick<Config, 'processes' | 'data_folder'>): string {
  return processes.run_folder ?? join(data_folder, 'run');
}
