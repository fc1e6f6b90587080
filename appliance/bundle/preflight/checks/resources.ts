import { type Check, fail, gibibytes, pass, warn } from '../check.ts';

/** What firmware and kernel keep of the memory that a machine is sold with. */
const KEPT = 0.94;
const MOST_PIDS = 32_768;
const CONTROLLERS = Object.freeze({ 1: ['cpu', 'memory', 'pids', 'devices'], 2: ['cpu', 'memory', 'pids'] });

/** Processors, memory, and by what they are shared out. */
export const RESOURCE_CHECKS: readonly Check[] = [
  {
    name: 'processors',
    group: 'Resources',
    title: 'Processors',
    strict: false,
    judge: ({ processors: { count } }, { requirements: { cpus } }) =>
      count >= cpus
        ? pass(`${count}`)
        : fail(
            `${count}; ${cpus} are needed`,
            'Give the machine more. With fewer, documents wait, and services may start too slowly.',
          ),
  },
  {
    name: 'memory',
    group: 'Resources',
    title: 'Memory',
    strict: false,
    judge: ({ memory: { total_bytes: total } }, { requirements: { memory_bytes: needed } }) =>
      total >= needed * KEPT
        ? pass(gibibytes(total))
        : fail(
            `${gibibytes(total)}; ${gibibytes(needed)} are needed`,
            'Give the machine more. With less, the kernel ends processes in the middle of documents.',
          ),
  },
  {
    name: 'memory-free',
    group: 'Resources',
    title: 'Memory that is free',
    strict: false,
    judge({ memory: { available_bytes: available, total_bytes: total }, installation }, { requirements }) {
      if (available === null) return warn('unknown', 'Look at it: free -m.');
      // What runs of ours has its share already.
      const enough = available >= Math.min(requirements.memory_bytes, total) * 0.6 || installation.state !== 'none';
      return enough
        ? pass(gibibytes(available))
        : warn(
            `${gibibytes(available)} of ${gibibytes(total)}`,
            'Something else uses this host. Give the appliance one of its own.',
          );
    },
  },
  {
    name: 'cgroups',
    group: 'Resources',
    title: 'Control groups',
    strict: true,
    judge({ cgroups: { version, controllers } }) {
      if (version === null) return fail('none', 'Mount them: without control groups no container has a limit.');
      const missing = CONTROLLERS[version].filter((name) => !controllers.includes(name));
      return missing.length === 0
        ? pass(`version ${version}`)
        : fail(
            `version ${version} without ${missing.join(', ')}`,
            missing.includes('memory')
              ? 'Boot with cgroup_enable=memory swapaccount=1 on the kernel’s command line.'
              : 'Switch those controllers on in the kernel’s command line.',
          );
    },
  },
  {
    name: 'processes',
    group: 'Resources',
    title: 'Processes',
    strict: false,
    judge: ({ kernel: { pid_max: most } }) =>
      most === null || most >= MOST_PIDS
        ? pass(most === null ? 'no limit known' : `up to ${most}`)
        : warn(`up to ${most}`, `sysctl -w kernel.pid_max=${MOST_PIDS}, and in /etc/sysctl.d for the next boot.`),
  },
];
