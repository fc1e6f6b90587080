import { type Check, fail, pass, warn } from '../check.ts';
import { compareVersions, isAtLeast } from '../versions.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = Object.freeze({ x86_64: 'amd64', aarch64: 'arm64' });
/** What the native parts of the program were linked against: Debian 12 and Ubuntu 22.04 have newer ones. */
const GLIBC = '2.34';
/** Credentials of units are of this one; earlier ones do not know some of what hardens ours. */
const SYSTEMD = '247';
/** What mathematics of the model needs of an x86 processor. */
const FLAGS = ['sse4_1', 'sse4_2', 'ssse3', 'popcnt'];

/** What kind of a host it is. */
export const HOST_CHECKS: readonly Check[] = [
  {
    name: 'root',
    group: 'Host',
    title: 'Run by root',
    strict: true,
    judge: ({ process }) =>
      process.uid === 0
        ? pass('yes')
        : fail(
            `run by user ${process.uid}`,
            'Run it as root, or by sudo: it must see, and later change, the whole host.',
          ),
  },
  {
    name: 'architecture',
    group: 'Host',
    title: 'Architecture',
    strict: true,
    judge({ system }, { arch }) {
      const is = ARCHITECTURES[system.machine] ?? system.machine;
      return is === arch ? pass(is) : fail(`${is}; the bundle is for ${arch}`, `Bring the bundle for ${is}.`);
    },
  },
  {
    name: 'kernel',
    group: 'Host',
    title: 'Kernel',
    strict: true,
    judge: ({ system }, { requirements }) =>
      isAtLeast(system.kernel, requirements.kernel)
        ? pass(system.kernel)
        : fail(
            `${system.kernel || 'unknown'}; ${requirements.kernel} or newer is needed`,
            'Upgrade the kernel, or use a newer release of the distribution (COMPATIBILITY.md).',
          ),
  },
  {
    name: 'libc',
    group: 'Host',
    title: 'C library',
    strict: true,
    judge({ system: { libc } }) {
      const needed = `glibc ${GLIBC} or newer is needed`;
      const mend = 'Use Debian 12, Ubuntu 22.04, RHEL 9, or newer: the runtime in the bundle does not start here.';
      if (libc === null) return fail(`unknown; ${needed}`, mend);
      if (libc.kind !== 'glibc' || libc.version === null) return fail(`${libc.kind}; ${needed}`, mend);
      return isAtLeast(libc.version, GLIBC)
        ? pass(`glibc ${libc.version}`)
        : fail(`glibc ${libc.version}; ${needed}`, mend);
    },
  },
  {
    name: 'systemd',
    group: 'Host',
    title: 'Service manager',
    strict: false,
    judge({ init: { systemd, running } }) {
      const mend = 'Without it nothing starts our two services after a boot: see "hosts without systemd" in docs.';
      if (systemd === null) return fail('no systemd', mend);
      if (!running) return fail(`systemd ${systemd}, but it is not what runs this host`, mend);
      return compareVersions(systemd, SYSTEMD) >= 0
        ? pass(`systemd ${systemd}`)
        : fail(`systemd ${systemd}; ${SYSTEMD} or newer is needed`, 'Use a newer release of the distribution.');
    },
  },
  {
    name: 'tools',
    group: 'Host',
    title: 'Tools of the host',
    strict: true,
    judge: ({ tools_missing: missing }) =>
      missing.length === 0
        ? pass('all there')
        : fail(
            `missing: ${missing.join(', ')}`,
            `Install them (${missing.includes('ssh-keygen') ? 'ssh-keygen is in openssh-client; ' : ''}the rest in coreutils, tar, findutils, diffutils).`,
          ),
  },
  {
    name: 'hostname',
    group: 'Host',
    title: 'Host name',
    strict: false,
    judge: ({ system: { hostname } }) =>
      hostname === '' || /^localhost(?:$|\.)/.test(hostname)
        ? warn(hostname || 'none', 'Name the host (hostnamectl set-hostname NAME): evidence and certificates carry it.')
        : pass(hostname),
  },
  {
    name: 'umask',
    group: 'Host',
    title: 'File mask',
    strict: false,
    judge({ process: { umask } }) {
      const text = umask.toString(8).padStart(4, '0');
      return (umask & 0o022) === 0o022
        ? pass(text)
        : warn(`${text}: files are writable for others`, 'Set umask 0022 in the shell that installs.');
    },
  },
  {
    name: 'open-files',
    group: 'Host',
    title: 'Open files',
    strict: false,
    judge: ({ process: { open_files: limit } }) =>
      limit === null || limit >= 16_384
        ? pass(limit === null ? 'no limit known' : `up to ${limit}`)
        : warn(`up to ${limit}`, 'Raise the hard limit (ulimit -Hn) to 16384 or more.'),
  },
  {
    name: 'processor-features',
    group: 'Resources',
    title: 'Processor features',
    strict: false,
    judge({ processors: { flags }, system: { machine } }) {
      if (machine !== 'x86_64') return pass('none are asked for');
      if (flags.length === 0) return warn('unknown', `Look whether it has ${FLAGS.join(', ')}.`);
      const missing = FLAGS.filter((flag) => !flags.includes(flag));
      if (missing.length === 0) return pass(flags.includes('avx2') ? 'x86-64-v2, AVX2' : 'x86-64-v2');
      return fail(`without ${missing.join(', ')}`, 'Give the virtual machine the host’s processor (cpu: host).');
    },
  },
];
