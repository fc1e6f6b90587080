import { type Failure, readableSpan } from '../failure.ts';

const SOON_MS = 30 * 86_400_000;

export const KEY_FAILURES: readonly Failure[] = [
  {
    code: 'root-key-missing',
    group: 'Keys',
    title: 'The root key is missing',
    why: 'Nothing that is stored here can be read without it.',
    mend: 'Stop the appliance, so that nothing is written over. Restore the last backup with the recovery identity.',
    severity: 'trouble',
    recognise: ({ keys: { root_key, has_data } }) => (root_key === 'missing' && has_data ? ['secrets/root.age'] : []),
  },
  {
    code: 'root-key-unreadable',
    group: 'Keys',
    title: 'The root key cannot be read',
    why: 'Its file belongs to somebody else, is a link, or others may read it: then it is not believed.',
    mend: 'chown root:root and chmod 600 the file secrets/root.age of the data folder; its folder is 700.',
    severity: 'trouble',
    recognise: ({ keys: { root_key } }) => (root_key === 'unreadable' ? ['secrets/root.age'] : []),
  },
  {
    code: 'root-key-sealed',
    group: 'Keys',
    title: 'The root key is sealed, and was not opened since the boot',
    why: 'Until somebody opens it the stores have no secrets, and nothing starts.',
    mend: 'frostbyte unseal, with the passphrase or the identity that it was sealed for.',
    severity: 'trouble',
    recognise: ({ keys: { root_key } }) => (root_key === 'sealed' ? ['opened again after each boot'] : []),
  },
  {
    code: 'secrets-readable',
    group: 'Keys',
    title: 'Others may read or write secrets',
    why: 'A copy or a restore by hand gave them wider permissions. A key that others could read is not used.',
    mend: 'chmod -R go-rwx the folder secrets of the data folder. Where others have accounts here: frostbyte tenant rotate-keys TENANT --emergency',
    severity: 'trouble',
    recognise: ({ keys: { loose } }) => loose,
  },
  {
    code: 'recovery-unproven',
    group: 'Keys',
    title: 'No recovery recipient is proven',
    why: 'Were this box lost, nobody could open its backups and escrow files.',
    mend: 'frostbyte keys recovery set age1… --out challenge.age; decrypt it where the private half is kept; frostbyte keys recovery prove answer.txt',
    severity: 'warning',
    recognise: ({ keys: { recovery, has_data } }) =>
      recovery === 'none' && has_data
        ? ['none is named']
        : recovery === 'damaged'
          ? ['secrets/recovery.json is damaged: name one anew']
          : [],
  },
  {
    code: 'recovery-unanswered',
    group: 'Keys',
    title: 'A recovery challenge waits for its answer',
    why: 'The recipient that was named is not in use until somebody has shown that he holds its private half.',
    mend: 'Decrypt the challenge (age -d -i recovery.key challenge.age > answer.txt) and hand it in: frostbyte keys recovery prove answer.txt. One that is too old: frostbyte keys recovery challenge',
    severity: 'warning',
    recognise: ({ keys: { recovery } }) =>
      recovery === 'pending' ? ['not answered yet'] : recovery === 'expired' ? ['too old to be answered'] : [],
  },
  {
    code: 'certificate-expired',
    group: 'Keys',
    title: 'A certificate has expired',
    why: 'Whoever checks it refuses the connection.',
    mend: 'Have the site’s authority sign a new one, put it in its place, and restart control and gateway.',
    severity: 'trouble',
    recognise: ({ now, keys: { certificates } }) =>
      certificates
        .filter(({ ends_at }) => ends_at <= now)
        .map(({ file, ends_at }) => `${file}, ${readableSpan(now - ends_at)} ago`),
  },
  {
    code: 'certificate-expires',
    group: 'Keys',
    title: 'A certificate expires soon',
    why: 'From then on whoever checks it refuses the connection.',
    mend: 'Have the site’s authority sign a new one, put it in its place, and restart control and gateway.',
    severity: 'warning',
    recognise: ({ now, keys: { certificates } }) =>
      certificates
        .filter(({ ends_at }) => ends_at > now && ends_at - now < SOON_MS)
        .map(({ file, ends_at }) => `${file}, in ${readableSpan(ends_at - now)}`),
  },
  {
    code: 'rotation-overdue',
    group: 'Keys',
    title: 'Keys of a tenant should have been rotated',
    why: 'It is done by itself while control runs and the tenant is active.',
    mend: 'frostbyte tenant rotate-keys TENANT',
    severity: 'warning',
    recognise: ({ keys: { rotation_overdue } }) => rotation_overdue,
  },
];
