import type { Failure } from '../failure.ts';
import type { Observed } from '../observed.ts';

/** What has a failure of its own is not told twice. */
const TOLD_ELSEWHERE = /^(?:control|gateway|clock|core stack|workers|inbox)$/;

const unit = ({ services: { units } }: Observed, role: string) =>
  units?.find(({ name }) => name === `frostbyte-${role}.service`) ?? null;

/** Where nothing is installed and no data lie, nothing has to run. */
const shouldRun = ({ installation, keys, mode }: Observed) =>
  installation.state !== 'none' || (mode === 'embedded' && keys.has_data);

const isDown = (observed: Observed, role: 'control' | 'gateway') =>
  observed.mode === 'stack' && shouldRun(observed) && !observed.services[`${role}_answers`];

export const SERVICE_FAILURES: readonly Failure[] = [
  {
    code: 'control-failed',
    group: 'Services',
    title: 'Control gave up',
    why: 'It ended again and again, so systemd stopped starting it.',
    mend: 'journalctl -u frostbyte-control -n 50 says why. Mend that, then: systemctl reset-failed frostbyte-control; systemctl start frostbyte-control',
    severity: 'trouble',
    recognise: (observed) => (unit(observed, 'control')?.active === 'failed' ? ['frostbyte-control.service'] : []),
  },
  {
    code: 'control-down',
    group: 'Services',
    title: 'Control does not answer',
    why: 'Without it no token is checked and no tenant’s plane is started. While it brings the stores up it does not answer yet.',
    mend: 'Where the stores are just coming up, wait. Else: systemctl start frostbyte-control, and journalctl -u frostbyte-control -n 50',
    severity: 'trouble',
    recognise: (observed) =>
      isDown(observed, 'control') && unit(observed, 'control')?.active !== 'failed'
        ? [`its unit is ${unit(observed, 'control')?.active ?? 'not there'}`]
        : [],
  },
  {
    code: 'gateway-failed',
    group: 'Services',
    title: 'The gateway gave up',
    why: 'It ended again and again, so systemd stopped starting it. A port that somebody else has is the usual reason.',
    mend: 'journalctl -u frostbyte-gateway -n 50 says why. Mend that, then: systemctl reset-failed frostbyte-gateway; systemctl start frostbyte-gateway',
    severity: 'trouble',
    recognise: (observed) => (unit(observed, 'gateway')?.active === 'failed' ? ['frostbyte-gateway.service'] : []),
  },
  {
    code: 'gateway-down',
    group: 'Services',
    title: 'The gateway does not answer',
    why: 'Nobody reaches the appliance; what is stored is safe.',
    mend: 'systemctl start frostbyte-gateway, and journalctl -u frostbyte-gateway -n 50',
    severity: 'trouble',
    recognise: (observed) =>
      isDown(observed, 'gateway') && unit(observed, 'gateway')?.active !== 'failed'
        ? [`its unit is ${unit(observed, 'gateway')?.active ?? 'not there'}`]
        : [],
  },
  {
    code: 'service-disabled',
    group: 'Services',
    title: 'A service does not come up after a boot',
    why: 'It was disabled by hand.',
    mend: 'systemctl enable frostbyte-control frostbyte-gateway',
    severity: 'warning',
    recognise: ({ installation, services: { units } }) =>
      installation.state === 'none'
        ? []
        : (units ?? [])
            .filter(({ enabled }) => enabled !== 'enabled')
            .map(({ name, enabled }) => `${name} is ${enabled || 'not there'}`),
  },
  {
    code: 'appliance-down',
    group: 'Services',
    title: 'The appliance does not run',
    why: 'It was ended, or never started.',
    mend: 'frostbyte serve, with the same --data or --config. What it says on standard error tells why it ends.',
    severity: 'trouble',
    recognise: (observed) => {
      const { gateway_answers, data_folder_locked } = observed.services;
      return observed.mode === 'embedded' && shouldRun(observed) && !gateway_answers && !data_folder_locked
        ? [`nothing answers on port ${observed.host.port}, and nobody works on the data folder`]
        : [];
    },
  },
  {
    code: 'data-folder-locked',
    group: 'Services',
    title: 'Another process works on the data folder',
    why: 'One appliance at a time may open it. The one that has it does not answer on the port that the settings name.',
    mend: 'Find it (fuser -v DATA/control/lock.sqlite) and end it, or ask it on its own port. Its lock goes with it.',
    severity: 'trouble',
    recognise: ({ mode, host, services: { gateway_answers, data_folder_locked } }) =>
      mode === 'embedded' && data_folder_locked && !gateway_answers ? [`nothing answers on port ${host.port}`] : [],
  },
  {
    code: 'workers-lost',
    group: 'Services',
    title: 'Workers are missing',
    why: 'They die, over documents or for want of memory, faster than they are started again.',
    mend: 'The log says with which code they ended. Where it is memory, lower workers.concurrency or parser.memory_mb.',
    severity: 'trouble',
    recognise: ({ services: { dependencies } }) =>
      (dependencies ?? []).filter(({ name, ok }) => name === 'workers' && !ok).map(({ message }) => message),
  },
  {
    code: 'inbox-silent',
    group: 'Services',
    title: 'A folder of the inbox does not answer',
    why: 'It lies on a share that went away. Everything else goes on.',
    mend: 'Mount the share again (mount, df), or set inbox.folder to null.',
    severity: 'warning',
    recognise: ({ services: { dependencies } }) =>
      (dependencies ?? []).filter(({ name, ok }) => name === 'inbox' && !ok).map(({ message }) => message),
  },
  {
    code: 'dependency-not-ready',
    group: 'Services',
    title: 'Something that the appliance depends on is not ready',
    why: 'What it is, and why, it says itself. Requests that need it are answered with 503 and Retry-After.',
    mend: 'Mend what is named above all; then frostbyte doctor again. Where nothing else is named, journalctl -u frostbyte-control -n 50',
    severity: 'trouble',
    recognise: ({ services: { dependencies } }) =>
      (dependencies ?? [])
        .filter(({ name, ok }) => !ok && !TOLD_ELSEWHERE.test(name))
        .map(({ name, message }) => `${name}: ${message}`),
  },
];
