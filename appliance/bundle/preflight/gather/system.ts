import type { Facts } from '../facts.ts';
import { type HostPort, PROGRAM_FOLDERS } from '../host-port.ts';

/** What the kernel and the system say of themselves. */

/** What the package and its scripts call on the host. */
const TOOLS = [
  ...['awk', 'cmp', 'cp', 'cut', 'find', 'grep', 'head', 'id', 'mkdir', 'mktemp', 'rm', 'sed', 'sha256sum', 'sort'],
  ...['ssh-keygen', 'sync', 'tar', 'tr', 'uname', 'uniq', 'wc'],
];
const KIB = 1024;

export async function gatherSystem(host: HostPort): Promise<Facts['system']> {
  const { hostname, machine } = host.self();
  const release = host.read('/etc/os-release') ?? host.read('/usr/lib/os-release') ?? '';
  return {
    name: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release)?.[1] ?? null,
    kernel: host.read('/proc/sys/kernel/osrelease')?.trim() ?? '',
    machine,
    hostname,
    libc: await libcOf(host),
  };
}

async function libcOf(host: HostPort): Promise<Facts['system']['libc']> {
  const { status, stdout } = await host.run('getconf', ['GNU_LIBC_VERSION']);
  const version = /^glibc (\S+)/.exec(stdout)?.[1];
  if (status === 0 && version !== undefined) return { kind: 'glibc', version };
  return (host.list('/lib') ?? []).some((name) => name.startsWith('ld-musl-')) ? { kind: 'musl', version: null } : null;
}

export function gatherProcess(host: HostPort): Facts['process'] {
  const { uid, umask } = host.self();
  const limit = /^Max open files\s+\S+\s+(\S+)/m.exec(host.read('/proc/self/limits') ?? '')?.[1];
  return { uid, umask, open_files: limit === 'unlimited' ? 2 ** 31 : limit === undefined ? null : Number(limit) };
}

export function gatherProcessors(host: HostPort): Facts['processors'] {
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(host.read('/proc/cpuinfo') ?? '')?.[1] ?? '';
  return { count: host.self().processors, flags: flags.split(' ').filter(Boolean).sort() };
}

export function meminfo(host: HostPort): { total_bytes: number; available_bytes: number | null } {
  const text = host.read('/proc/meminfo') ?? '';
  const value = (name: string) => new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
  const [total, available] = [value('MemTotal'), value('MemAvailable')];
  return {
    total_bytes: Number(total ?? 0) * KIB,
    available_bytes: available === undefined ? null : Number(available) * KIB,
  };
}

export function gatherCgroups(host: HostPort): Facts['cgroups'] {
  const unified = host.read('/sys/fs/cgroup/cgroup.controllers');
  if (unified !== null) return { version: 2, controllers: unified.trim().split(/\s+/).filter(Boolean).sort() };
  // Name, hierarchy, number of groups, enabled.
  const rows = (host.read('/proc/cgroups') ?? '').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const enabled = rows.flatMap((line) => {
    const [name, , , on] = line.split(/\s+/);
    return name !== undefined && on === '1' ? [name] : [];
  });
  return enabled.length === 0 ? { version: null, controllers: [] } : { version: 1, controllers: enabled.sort() };
}

export function gatherKernel(host: HostPort): Facts['kernel'] {
  const number = (path: string) => {
    const text = host.read(path)?.trim();
    return text === undefined || !/^\d+$/.test(text) ? null : Number(text);
  };
  const release = host.read('/proc/sys/kernel/osrelease')?.trim() ?? '';
  const modules = ['modules.dep', 'modules.builtin'].map((file) => host.read(`/lib/modules/${release}/${file}`));
  const isKnown = modules.some((text) => text !== null);
  const hasOverlay =
    /\boverlay$/m.test(host.read('/proc/filesystems') ?? '') ||
    modules.some((text) => text !== null && /\/overlay\.ko/.test(text));
  // Debian and Ubuntu each have a switch of their own.
  const refused =
    number('/proc/sys/kernel/unprivileged_userns_clone') === 0 ||
    number('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === 1;
  return {
    core_pattern: host.read('/proc/sys/kernel/core_pattern')?.trim() ?? null,
    user_namespaces: number('/proc/sys/user/max_user_namespaces'),
    unprivileged_namespaces: !refused,
    seccomp: /^Seccomp:/m.test(host.read('/proc/self/status') ?? ''),
    overlay: hasOverlay ? true : isKnown ? false : null,
    pid_max: number('/proc/sys/kernel/pid_max'),
  };
}

export function gatherSecurity(host: HostPort): Facts['security'] {
  const enforce = host.read('/sys/fs/selinux/enforce')?.trim();
  return {
    selinux: enforce === '1' ? 'enforcing' : enforce === '0' ? 'permissive' : null,
    apparmor: host.read('/sys/module/apparmor/parameters/enabled')?.trim() === 'Y',
  };
}

export async function gatherClock(host: HostPort): Promise<Facts['clock']> {
  const { stdout } = await host.run('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
  const said = stdout.trim();
  return { synchronized: said === 'yes' ? true : said === 'no' ? false : null };
}

export async function gatherInit(host: HostPort): Promise<Facts['init']> {
  const { status, stdout } = await host.run('systemctl', ['--version']);
  const version = status === 0 ? /^systemd (\S+)/.exec(stdout)?.[1] : undefined;
  return { systemd: version ?? null, running: host.exists('/run/systemd/system') };
}

export function toolsMissing(host: HostPort): string[] {
  return TOOLS.filter((tool) => !PROGRAM_FOLDERS.some((folder) => host.exists(`${folder}/${tool}`)));
}
