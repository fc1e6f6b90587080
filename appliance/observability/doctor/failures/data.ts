import { type Failure, readableSpan } from '../failure.ts';

/** Signatures come every few weeks into an air gap; older ones miss too much. */
const OLD_MS = 45 * 86_400_000;
const STUCK_MS = 15 * 60_000;
const LONG_MS = 30 * 60_000;

export const DATA_FAILURES: readonly Failure[] = [
  {
    code: 'database-damaged',
    group: 'Data',
    title: 'A database file is damaged',
    why: 'A disk changed or lost what was written.',
    mend: 'Stop the appliance, look at the disk (dmesg, SMART), and restore the last backup. Keep the damaged file.',
    severity: 'trouble',
    recognise: ({ data: { damaged } }) => damaged,
  },
  {
    code: 'audit-chain-broken',
    group: 'Data',
    title: 'An audit log is not what was written',
    why: 'Events were changed, taken away or put in, by hand or by a failing disk.',
    mend: 'Keep the file as it is, compare with the last export, and tell the security officer.',
    severity: 'trouble',
    recognise: ({ data: { broken_chains } }) => broken_chains.map(({ log, where }) => `${log}: ${where}`),
  },
  {
    code: 'signatures-missing',
    group: 'Data',
    title: 'There are no malware signatures',
    why: 'The scanner does not start without, and no document is taken unscanned.',
    mend: 'Copy signatures for clamd (.cvd, .cld, .ndb, …) there, and restart control.',
    severity: 'trouble',
    recognise: ({ data: { signatures } }) => (signatures !== null && signatures.files === 0 ? [signatures.folder] : []),
  },
  {
    code: 'signatures-old',
    group: 'Data',
    title: 'The malware signatures are old',
    why: 'What was written since then is not recognised.',
    mend: 'Bring newer ones on a medium and put them there; clamd takes them when control restarts.',
    severity: 'warning',
    recognise: ({ now, data: { signatures } }) =>
      signatures !== null && signatures.newest_at !== null && now - signatures.newest_at > OLD_MS
        ? [`${signatures.folder}: the newest are ${readableSpan(now - signatures.newest_at)} old`]
        : [],
  },
  {
    code: 'model-missing',
    group: 'Data',
    title: 'A model is not here',
    why: 'The settings name it. Tenants whose index it made cannot be searched by meaning, and nothing is embedded.',
    mend: 'frostbyte model import FOLDER, from the stick; frostbyte model list says which are here.',
    severity: 'trouble',
    recognise: ({ data: { model } }) => (model.state === 'absent' ? [model.wanted] : []),
  },
  {
    code: 'model-damaged',
    group: 'Data',
    title: 'A model is damaged',
    why: 'Its files are not those of the lock: a copy was cut short, or a disk changed them. It is not loaded.',
    mend: 'frostbyte model import FOLDER, from the stick, puts whole files in their place.',
    severity: 'trouble',
    recognise: ({ data: { model } }) =>
      model.state === 'damaged' ? (model.wrong.length === 0 ? [model.wanted] : model.wrong) : [],
  },
];

export const WORK_FAILURES: readonly Failure[] = [
  {
    code: 'tenant-failed',
    group: 'Work',
    title: 'A tenant could not be made, or not be removed',
    why: 'A step failed after its retries; what was done of it is undone, or waits.',
    mend: 'frostbyte tenant show TENANT names the step. Then frostbyte tenant retry TENANT, or frostbyte tenant abandon TENANT',
    severity: 'trouble',
    recognise: ({ work: { tenants } }) =>
      (tenants ?? []).filter(({ state }) => state === 'FAILED').map(({ tenant_id }) => tenant_id),
  },
  {
    code: 'tenant-stuck',
    group: 'Work',
    title: 'A tenant has been changing for too long',
    why: 'Provisioning and deprovisioning take minutes. They go on only while control runs.',
    mend: 'Mend what is named above; control goes on by itself. journalctl -u frostbyte-control -n 50 says at which step it is.',
    severity: 'warning',
    recognise: ({ now, work: { tenants } }) =>
      (tenants ?? []).flatMap(({ tenant_id, state, since }) =>
        (state === 'PROVISIONING' || state === 'DEPROVISIONING') && since !== null && now - since > LONG_MS
          ? [`${tenant_id}, ${state} for ${readableSpan(now - since)}`]
          : [],
      ),
  },
  {
    code: 'isolation-failed',
    group: 'Work',
    title: 'A tenant’s isolation check did not pass',
    why: 'It could get at what is another’s, or not at its own, or a store gave no answer.',
    mend: 'frostbyte tenant verify TENANT tries again and names what is ALLOWED. Is there any: suspend it (frostbyte tenant suspend TENANT), and tell the security officer.',
    severity: 'trouble',
    recognise: ({ work: { tenants } }) =>
      (tenants ?? [])
        .filter(({ state, isolated }) => state === 'ACTIVE' && isolated === false)
        .map(({ tenant_id }) => tenant_id),
  },
  {
    code: 'dead-letters',
    group: 'Work',
    title: 'Documents wait for a person',
    why: 'They failed after all retries. Nothing is lost: somebody repeats them, or gives them up.',
    mend: 'frostbyte dlq list TENANT; then frostbyte dlq retry TENANT, or frostbyte dlq skip TENANT, by the entry’s id',
    severity: 'warning',
    recognise: ({ work: { dead_letters } }) =>
      dead_letters.filter(({ count }) => count > 0).map(({ tenant_id, count }) => `${tenant_id}: ${count}`),
  },
  {
    code: 'backlog-stuck',
    group: 'Work',
    title: 'Jobs wait and nobody takes them',
    why: 'Workers are missing, or a dependency of theirs is.',
    mend: 'Mend what is named above; jobs go on by themselves. A suspended tenant’s jobs rest, and that is as it should be.',
    severity: 'trouble',
    recognise: ({ now, services, work: { backlog, tenants } }) => {
      const active = (id: string) => tenants?.find(({ tenant_id }) => tenant_id === id)?.state !== 'SUSPENDED';
      const noWorkers = services.dependencies?.some(({ name, ok }) => name === 'workers' && !ok) === true;
      return backlog
        .filter(({ tenant_id, count, oldest_at }) => {
          const isOld = oldest_at !== null && now - oldest_at > STUCK_MS;
          return count > 0 && active(tenant_id) && (isOld || noWorkers);
        })
        .map(
          ({ tenant_id, count, oldest_at }) =>
            `${tenant_id}: ${count} jobs${oldest_at === null ? '' : `, the oldest for ${readableSpan(now - oldest_at)}`}`,
        );
    },
  },
];
