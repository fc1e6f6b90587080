/** The appliance itself, for whoever looks after it. */
export const box = {
  title: 'Appliance',
  says: 'What runs here, and whether it is well.',
  well: 'Everything is well',
  unwell: (count: number) => (count === 1 ? '1 part is not well' : `${count} parts are not well`),
  version: 'Version',
  mode: 'Mode',
  modes: { embedded: 'embedded: one process, files', stack: 'stack: servers in containers' } as Record<string, string>,
  since: 'Runs since',
  parts: 'Parts',
  part: 'Part',
  state: 'State',
  ok: 'well',
  bad: 'not well',
  remark: 'Remark',
  atTheBox: 'At the box',
  atTheBoxSays: 'These look at the host itself, which no page may: they are run there, as root, and need no network.',
  commands: {
    doctor: 'Compares the host with what it should be, and names the mend of whatever differs.',
    verify: 'Checks every byte of the installation and every image against the signed manifest.',
    boundary: 'Says where the data of this box go: networks, openings, stores, keys. Signed by the host’s key.',
    evidence: 'The log of every installation, upgrade and verification, signed, to be checked elsewhere.',
    support: 'What a supporter needs, with every name and secret taken out; you read it before you send it.',
  },
};

export type BoxTexts = typeof box;
