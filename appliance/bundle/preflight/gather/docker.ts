import { z } from 'zod';
import type { Facts } from '../facts.ts';
import type { HostPort } from '../host-port.ts';

/** What the container engine says of itself, over its local socket and no other. */

const SOCKET = '/var/run/docker.sock';
const HOST = ['--host', `unix://${SOCKET}`];
/** Networks of ours carry it. */
const OUR_LABEL = /^frostbyte\./;

const Version = z.object({
  Client: z.object({ Version: z.string() }).nullish(),
  Server: z
    .object({
      Version: z.string().default(''),
      Platform: z.object({ Name: z.string().default('') }).nullish(),
      Components: z.array(z.object({ Name: z.string() })).nullish(),
    })
    .nullish(),
});
const Info = z.object({
  DockerRootDir: z.string().default(''),
  Driver: z.string().default(''),
  CgroupDriver: z.string().default(''),
  CgroupVersion: z.string().optional(),
  SecurityOptions: z.array(z.string()).nullish(),
  MemoryLimit: z.boolean().default(false),
  PidsLimit: z.boolean().default(false),
  CpuCfsQuota: z.boolean().default(false),
  Swarm: z.object({ LocalNodeState: z.string().default('inactive') }).nullish(),
});
const Network = z.object({
  Name: z.string(),
  Labels: z.record(z.string(), z.string()).nullish(),
  IPAM: z.object({ Config: z.array(z.object({ Subnet: z.string().optional() })).nullish() }).nullish(),
});

export async function gatherDocker(host: HostPort): Promise<Facts['docker']> {
  const asked = await host.run('docker', [...HOST, 'version', '--format', '{{json .}}']);
  const version = parsed(Version, asked.stdout);
  const answers = version?.Server ?? null;
  return {
    client: version?.Client?.Version ?? null,
    socket: host.exists(SOCKET),
    engine: version === null || answers === null ? null : await engineOf(host, answers),
    error: answers === null && asked.status !== null ? firstLine(asked.stderr) : null,
    compose: await composeOf(host),
    iptables_off: /"iptables"\s*:\s*false/.test(host.read('/etc/docker/daemon.json') ?? ''),
  };
}

async function engineOf(
  host: HostPort,
  server: NonNullable<z.infer<typeof Version>['Server']>,
): Promise<Facts['docker']['engine']> {
  const info = parsed(Info, (await host.run('docker', [...HOST, 'info', '--format', '{{json .}}'])).stdout);
  if (info === null) return null;
  const names = (server.Components ?? []).map(({ Name }) => Name);
  const options = info.SecurityOptions ?? [];
  return {
    product: names.some((name) => /podman/i.test(name)) ? 'podman' : names.includes('Engine') ? 'docker' : 'other',
    version: server.Version,
    root: info.DockerRootDir,
    storage_driver: info.Driver,
    cgroup_driver: info.CgroupDriver,
    cgroup_version: info.CgroupVersion ?? null,
    rootless: options.some((option) => /\bname=rootless\b/.test(option)),
    user_namespaces: options.some((option) => /\bname=userns\b/.test(option)),
    limits: { memory: info.MemoryLimit, pids: info.PidsLimit, cpu: info.CpuCfsQuota },
    swarm: info.Swarm?.LocalNodeState === 'active',
    networks: await networksOf(host),
  };
}

type Networks = NonNullable<Facts['docker']['engine']>['networks'];

async function networksOf(host: HostPort): Promise<Networks> {
  const ids = (await host.run('docker', [...HOST, 'network', 'ls', '--quiet'])).stdout.split('\n').filter(Boolean);
  if (ids.length === 0) return [];
  const { stdout } = await host.run('docker', [...HOST, 'network', 'inspect', ...ids]);
  return (parsed(z.array(Network), stdout) ?? []).map(({ Name, Labels, IPAM }) => ({
    name: Name,
    subnets: (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []),
    ours:
      Object.keys(Labels ?? {}).some((label) => OUR_LABEL.test(label)) ||
      Labels?.['com.docker.compose.project'] === 'frostbyte',
  }));
}

/** The plugin, or the program that came before it. */
async function composeOf(host: HostPort): Promise<string | null> {
  for (const [program, ...args] of [
    ['docker', 'compose', 'version', '--short'],
    ['docker-compose', 'version', '--short'],
  ] as const) {
    const { status, stdout } = await host.run(program, args);
    const version = /^v?(\d+\.\d+\S*)/.exec(stdout.trim())?.[1];
    if (status === 0 && version !== undefined) return version;
  }
  return null;
}

function parsed<T>(schema: z.ZodType<T>, text: string): T | null {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

const firstLine = (text: string): string | null => text.trim().split('\n')[0]?.slice(0, 300) || null;
