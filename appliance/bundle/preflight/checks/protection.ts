import { type Check, fail, gibibytes, moment, pass, warn } from '../check.ts';

const YEAR = 365 * 86_400;
/** A clock may be this much behind the host where the bundle was built. */
const TOLERANCE = 300;

/** What keeps what is secret from where it does not belong, and time. */
export const PROTECTION_CHECKS: readonly Check[] = [
  {
    name: 'run-in-memory',
    group: 'Protection',
    title: '/run lies in memory',
    strict: true,
    judge: ({ run_type: type }) =>
      type === 'tmpfs' || type === 'ramfs'
        ? pass(type)
        : fail(
            `${type ?? 'unknown'}`,
            'Mount tmpfs at /run: keys that are open lie there, and may never be on a disk.',
          ),
  },
  {
    name: 'swap',
    group: 'Protection',
    title: 'Swap',
    strict: false,
    judge({ memory: { swaps } }) {
      const open = swaps.filter(({ kind, encrypted }) => kind === 'disk' && encrypted !== true);
      if (open.length > 0) {
        const names = open.map(({ name, bytes }) => `${name} (${gibibytes(bytes)})`).join(', ');
        return fail(
          `not encrypted: ${names}`,
          'swapoff -a and take it out of /etc/fstab, or encrypt it: what is in memory would lie on the disk.',
        );
      }
      return pass(
        swaps.length === 0 ? 'off' : swaps.some(({ kind }) => kind === 'disk') ? 'encrypted' : 'in memory (zram)',
      );
    },
  },
  {
    name: 'core-dumps',
    group: 'Protection',
    title: 'Core dumps',
    strict: false,
    judge({ kernel: { core_pattern: pattern } }) {
      if (pattern === null) return warn('unknown', 'Look at it: sysctl kernel.core_pattern');
      return /^\|\/(?:usr\/)?bin\/(?:false|true)\b/.test(pattern)
        ? pass('off')
        : warn(
            `go to ${pattern.length > 28 ? `${pattern.slice(0, 27)}…` : pattern || 'core'}`,
            "Our services make none; others' may hold what ours told them: sysctl -w kernel.core_pattern='|/bin/false'",
          );
    },
  },
  {
    name: 'selinux',
    group: 'Protection',
    title: 'SELinux',
    strict: false,
    judge: ({ security: { selinux } }) =>
      selinux === 'enforcing'
        ? warn(
            'enforcing',
            'Install container-selinux, and label our folders: restorecon -R /opt/frostbyte /var/lib/frostbyte',
          )
        : pass(selinux ?? 'not in use'),
  },
  {
    name: 'apparmor',
    group: 'Protection',
    title: 'AppArmor',
    strict: false,
    judge: ({ security: { apparmor, selinux } }) =>
      apparmor || selinux !== null
        ? pass(apparmor ? 'on' : 'not in use; SELinux is')
        : warn(
            'off, and no SELinux',
            'Switch it on (apparmor=1 security=apparmor): containers are confined by one wall less.',
          ),
  },
  {
    name: 'seccomp',
    group: 'Protection',
    title: 'System call filter',
    strict: true,
    judge: ({ kernel: { seccomp } }) =>
      seccomp
        ? pass('yes')
        : fail('the kernel has none', 'Use a kernel with CONFIG_SECCOMP_FILTER, as every distribution’s is.'),
  },
  {
    name: 'user-namespaces',
    group: 'Protection',
    title: 'User namespaces',
    strict: false,
    judge({ kernel: { user_namespaces: most, unprivileged_namespaces: free } }) {
      const mend =
        'sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1 (Ubuntu: kernel.apparmor_restrict_unprivileged_userns=0): documents are parsed in one without a network.';
      if (most === 0) return fail('switched off', mend);
      if (free === false) return warn('for root only', mend);
      return pass(most === null ? 'no limit known' : 'yes');
    },
  },
  {
    name: 'clock',
    group: 'Protection',
    title: 'Clock',
    strict: true,
    judge({ now }, { built_at }) {
      const is = moment(now);
      if (now < built_at - TOLERANCE) {
        return fail(
          `${is}, before the bundle was made (${moment(built_at)})`,
          "Set it: date -u -s 'YYYY-MM-DD HH:MM', and hwclock --systohc.",
        );
      }
      return now > built_at + 5 * YEAR
        ? warn(
            `${is}, years after the bundle was made`,
            'Compare it with another clock: by it, keys run out and records are kept.',
          )
        : pass(is);
    },
  },
  {
    name: 'time-source',
    group: 'Protection',
    title: 'Source of time',
    strict: false,
    judge: ({ clock: { synchronized } }) =>
      synchronized === true
        ? pass('synchronised')
        : warn(
            synchronized === null ? 'unknown' : 'none',
            'Let it follow a clock of the site (chrony), or compare it once a month.',
          ),
  },
];
