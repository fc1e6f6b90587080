/**
 * What is looked at to tell what is wrong. Nothing here is judged. Null: it could not be seen, and `blind` says why, where that
 * is not the trouble itself.
 */
export interface Observed {
  /** Milliseconds since 1970, by the host’s own clock. */
  now: number;
  mode: 'embedded' | 'stack';
  /** Why the settings cannot be read; null: they are in order. All that depends on them is then seen by the defaults. */
  settings_problem: string | null;
  host: ObservedHost;
  installation: ObservedInstallation;
  services: ObservedServices;
  engine: ObservedEngine | null;
  keys: ObservedKeys;
  data: ObservedData;
  work: ObservedWork;
  /** What could not be looked at, and why. */
  blind: readonly { what: string; why: string }[];
}

export interface ObservedHost {
  /** As the kernel names it: `x86_64`. */
  machine: string;
  node: string;
  is_root: boolean;
  disks: readonly ObservedDisk[];
  memory_available_bytes: number | null;
  /** How far ahead of the host’s clock time was when it was last looked at; and a step ahead that is doubted. */
  clock: { kept_at: number | null; step_days: number | null };
  /** Routes and addresses of others that overlap the containers’. */
  subnet_clashes: readonly string[];
  /** Who listens on the gateway’s port; null: nobody. */
  listener: { address: string; process: string | null } | null;
  port: number;
  /** Why the host’s input rule is not in force; null where it is, or where there is none to be. */
  input_rule: string | null;
}

export interface ObservedDisk {
  what: string;
  path: string;
  free_bytes: number;
  total_bytes: number;
  free_inodes: number | null;
  read_only: boolean;
  /** What intake leaves free there; null: intake does not look at this one. */
  kept_free_bytes: number | null;
}

export interface ObservedInstallation {
  state: 'none' | 'present' | 'broken';
  reason: string | null;
  version: string | null;
  /** As its manifest names the architecture; null where there is none. */
  arch: string | null;
  /** An operation that is neither done nor rolled back. */
  unfinished: { title: string; phase: string | null; message: string | null } | null;
  /** A journal that is not what was written. */
  journal_problem: string | null;
  evidence_problem: string | null;
  /** Units that are not as this release writes them. */
  changed_units: readonly string[];
}

export interface ObservedServices {
  /** Units by what systemd says of them; null: there is no systemd, or it does not answer. */
  units: readonly { name: string; active: string; enabled: string }[] | null;
  control_answers: boolean;
  gateway_answers: boolean;
  /** Whether another process holds the lock of the data folder (embedded mode). */
  data_folder_locked: boolean;
  /** What the gateway says of dependencies; null where it does not say. */
  dependencies: readonly { name: string; ok: boolean; message: string }[] | null;
}

export interface ObservedEngine {
  /** Whether the host has one at all. */
  is_there: boolean;
  /** Null: it does not answer, and `problem` says so. */
  version: string | null;
  problem: string | null;
  compose_there: boolean;
  containers: readonly ObservedContainer[];
  /** Those that should be there, with the name of what they are. */
  wanted: readonly { name: string; service: string }[];
  missing_images: readonly string[];
  missing_networks: readonly string[];
}

export interface ObservedContainer {
  name: string;
  service: string;
  tenant: string | null;
  state: string;
  health: 'healthy' | 'unhealthy' | 'starting' | null;
  /** The last thing that its own check said; never content. */
  health_log: string | null;
  exit_code: number;
  oom_killed: boolean;
  restarts: number;
}

export interface ObservedKeys {
  root_key: 'open' | 'sealed' | 'unsealed' | 'missing' | 'unreadable';
  /** Whether there is anything that a root key would belong to. */
  has_data: boolean;
  /** Files and folders of secrets that others may read or write. */
  loose: readonly string[];
  recovery: 'proven' | 'pending' | 'expired' | 'none' | 'damaged';
  certificates: readonly { file: string; ends_at: number }[];
  /** Tenants whose keys should have been rotated. */
  rotation_overdue: readonly string[];
}

export interface ObservedData {
  /** Files that are no sound databases. */
  damaged: readonly string[];
  /** Logs whose events are not what was written, with the first place. */
  broken_chains: readonly { log: string; where: string }[];
  /** Null: no scanner is configured. */
  signatures: { folder: string; files: number; newest_at: number | null } | null;
  model: { wanted: string; state: 'present' | 'damaged' | 'absent' | 'none'; wrong: readonly string[] };
}

export interface ObservedWork {
  tenants: readonly { tenant_id: string; state: string; since: number | null; isolated: boolean | null }[] | null;
  /** Dead letters that wait for a decision, by tenant. */
  dead_letters: readonly { tenant_id: string; count: number }[];
  /** Jobs that wait, and since when the oldest could have been taken; null where that cannot be seen. */
  backlog: readonly { tenant_id: string; count: number; oldest_at: number | null }[];
}
