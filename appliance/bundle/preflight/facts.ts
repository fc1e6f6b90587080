import { z } from 'zod';

/** What is known of a host before anything is done to it. Null: it could not be found out. Nothing here is judged. */

const text = z.string();
const bytes = z.number().min(0);
const count = z.number().min(0);

const Disk = z.strictObject({
  /** What is to lie there. */
  path: text,
  mount: text,
  device: text,
  type: text,
  options: z.array(text),
  total_bytes: bytes,
  free_bytes: bytes,
  /** Null: the file system does not count them. */
  free_inodes: count.nullable(),
  encrypted: z.boolean().nullable(),
});
export type Disk = z.infer<typeof Disk>;

const Swap = z.strictObject({ name: text, bytes, kind: z.enum(['disk', 'memory']), encrypted: z.boolean().nullable() });

const Engine = z.strictObject({
  product: z.enum(['docker', 'podman', 'other']),
  version: text,
  root: text,
  storage_driver: text,
  cgroup_driver: text,
  cgroup_version: text.nullable(),
  rootless: z.boolean(),
  user_namespaces: z.boolean(),
  limits: z.strictObject({ memory: z.boolean(), pids: z.boolean(), cpu: z.boolean() }),
  swarm: z.boolean(),
  networks: z.array(z.strictObject({ name: text, subnets: z.array(text), ours: z.boolean() })),
});

export const Facts = z.strictObject({
  /** Seconds since 1970, by the host's own clock. */
  now: count,
  system: z.strictObject({
    name: text.nullable(),
    kernel: text,
    machine: text,
    hostname: text,
    libc: z.strictObject({ kind: z.enum(['glibc', 'musl']), version: text.nullable() }).nullable(),
  }),
  process: z.strictObject({ uid: count, umask: count, open_files: count.nullable() }),
  processors: z.strictObject({ count, flags: z.array(text) }),
  memory: z.strictObject({ total_bytes: bytes, available_bytes: bytes.nullable(), swaps: z.array(Swap) }),
  cgroups: z.strictObject({ version: z.union([z.literal(1), z.literal(2)]).nullable(), controllers: z.array(text) }),
  kernel: z.strictObject({
    core_pattern: text.nullable(),
    user_namespaces: count.nullable(),
    unprivileged_namespaces: z.boolean().nullable(),
    seccomp: z.boolean(),
    overlay: z.boolean().nullable(),
    pid_max: count.nullable(),
  }),
  security: z.strictObject({ selinux: z.enum(['enforcing', 'permissive']).nullable(), apparmor: z.boolean() }),
  clock: z.strictObject({ synchronized: z.boolean().nullable() }),
  disks: z.array(Disk),
  run_type: text.nullable(),
  network: z.strictObject({
    default_routes: z.array(text),
    routes: z.array(z.strictObject({ subnet: text, device: text })),
    addresses: z.array(z.strictObject({ subnet: text, device: text })),
    listening: z.array(z.strictObject({ address: text, port: count, process: text.nullable() })),
    ipv6: z.boolean(),
  }),
  firewall: z.strictObject({
    iptables: text.nullable(),
    ip6tables: text.nullable(),
    nft: text.nullable(),
    managers: z.array(text),
  }),
  docker: z.strictObject({
    client: text.nullable(),
    socket: z.boolean(),
    engine: Engine.nullable(),
    /** What it said where it did not answer. */
    error: text.nullable(),
    compose: text.nullable(),
    iptables_off: z.boolean(),
  }),
  init: z.strictObject({ systemd: text.nullable(), running: z.boolean() }),
  tools_missing: z.array(text),
  installation: z.strictObject({
    state: z.enum(['none', 'present', 'broken']),
    version: text.nullable(),
    counter: count.nullable(),
    /** Why it counts as broken. */
    reason: text.nullable(),
    data: z.boolean(),
    /** An operation that is neither done nor rolled back. */
    unfinished: text.nullable(),
  }),
});
export type Facts = z.infer<typeof Facts>;
