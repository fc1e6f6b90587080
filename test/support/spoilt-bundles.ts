import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { MOST_ENTRIES } from '../../appliance/bundle/verify/tar-entry.ts';
import type { BundleCode } from '../../appliance/kernel/errors.ts';

/** Ways in which the folder of a bundle is not what was signed, and what every verifier must say of each. */
export interface Spoilt {
  spoil(folder: string): void;
  code: BundleCode;
  /** The detail that names it. */
  named: string;
}

/** Files of a root key, of two keys' lines, in which `ssh-keygen -l` shows the first and `-Y verify` finds the second. */
export const HIDDEN_KEYS: Readonly<Record<string, (ours: string, theirs: string) => string>> = {
  'above it, behind a carriage return': (ours, theirs) => `\r${theirs}\n${ours}\n`,
  'below it, with names and options': (ours, theirs) =>
    `${ours}\nfrostbyte-root namespaces="frostbyte-signers" ${theirs}\n`,
  'below it, for whatever name': (ours, theirs) => `${ours}\n* ${theirs}\n`,
};

export const part = (n: number): string => `models/weights.bin.part00${n}`;

export const SPOILT: Readonly<Record<string, Spoilt>> = {
  'a file is missing': {
    spoil: (f) => rmSync(join(f, 'README.txt')),
    code: 'BUNDLE_FILE_MISSING',
    named: 'README.txt',
  },
  'a file too many': {
    spoil: (f) => writeFileSync(join(f, 'docs/more.txt'), 'x'),
    code: 'BUNDLE_FILE_EXTRA',
    named: 'docs/more.txt',
  },
  'a file has another name': {
    spoil: (f) => renameSync(join(f, 'README.txt'), join(f, 'README.md')),
    code: 'BUNDLE_FILE_RENAMED',
    named: 'README.txt',
  },
  'a part has another name, and a file is missing': {
    spoil: (f) => {
      renameSync(join(f, part(2)), join(f, 'models/weights.part2'));
      rmSync(join(f, 'README.txt'));
    },
    code: 'BUNDLE_FILE_RENAMED',
    named: part(2),
  },
  'a file has another name in case alone': {
    spoil: (f) => renameSync(join(f, 'README.txt'), join(f, 'readme.TXT')),
    code: 'BUNDLE_FILE_RENAMED',
    named: 'README.txt',
  },
  'a part is missing, and a file too many': {
    spoil: (f) => {
      rmSync(join(f, part(2)));
      writeFileSync(join(f, 'docs/more.txt'), 'x');
      truncateSync(join(f, 'bin/node'), 1000);
    },
    code: 'BUNDLE_PART_MISSING',
    named: 'docs/more.txt',
  },
  'names that differ in case alone': {
    spoil: (f) => writeFileSync(join(f, 'readme.TXT'), 'x'),
    code: 'BUNDLE_PATH_CASE',
    named: 'readme.TXT',
  },
  'a folder whose name differs in case alone': {
    spoil: (f) => {
      mkdirSync(join(f, 'Docs'));
      writeFileSync(join(f, 'Docs/more.txt'), 'x');
    },
    code: 'BUNDLE_PATH_CASE',
    named: 'Docs/more.txt',
  },
  'a file is cut off': {
    spoil: (f) => truncateSync(join(f, 'bin/node'), 1000),
    code: 'BUNDLE_FILE_TRUNCATED',
    named: 'bin/node',
  },
  'a file is too long': {
    spoil: (f) => appendFileSync(join(f, 'bin/node'), 'x'),
    code: 'BUNDLE_FILE_PADDED',
    named: 'bin/node',
  },
  'a file was changed': {
    spoil: (f) => writeFileSync(join(f, 'README.txt'), 'Read me last!!\n'),
    code: 'BUNDLE_FILE_ALTERED',
    named: 'README.txt',
  },
  'the root key has more behind it': {
    spoil: (f) => appendFileSync(join(f, 'signers/root.pub'), ' '),
    code: 'BUNDLE_FILE_PADDED',
    named: 'signers/root.pub',
  },
  'a part was changed': {
    spoil: (f) => writeFileSync(join(f, part(2)), readFileSync(join(f, part(2))).fill(7, 0, 1)),
    code: 'BUNDLE_FILE_ALTERED',
    named: part(2),
  },
  'a part is cut off': {
    spoil: (f) => truncateSync(join(f, part(2)), 1),
    code: 'BUNDLE_FILE_TRUNCATED',
    named: part(2),
  },
  'more files than any bundle has': {
    spoil: (f) => {
      mkdirSync(join(f, 'bomb'));
      for (let n = 0; n <= MOST_ENTRIES; n++) writeFileSync(join(f, `bomb/${n}`), '');
    },
    code: 'BUNDLE_TOO_LARGE',
    named: 'files',
  },
  'a part is missing': { spoil: (f) => rmSync(join(f, part(2))), code: 'BUNDLE_PART_MISSING', named: part(2) },
  'two parts are swapped': {
    spoil: (f) => {
      renameSync(join(f, part(1)), join(f, 'x'));
      renameSync(join(f, part(2)), join(f, part(1)));
      renameSync(join(f, 'x'), join(f, part(2)));
    },
    code: 'BUNDLE_PART_SWAPPED',
    named: part(1),
  },
  'a link': {
    spoil: (f) => symlinkSync('README.txt', join(f, 'docs/link')),
    code: 'BUNDLE_LINK_REFUSED',
    named: 'path',
  },
  'a link in place of a file': {
    spoil: (f) => {
      renameSync(join(f, 'README.txt'), join(f, '..', 'outside'));
      symlinkSync('../outside', join(f, 'README.txt'));
    },
    code: 'BUNDLE_LINK_REFUSED',
    named: 'path',
  },
  'a pipe': {
    spoil: (f) => void execFileSync('mkfifo', [join(f, 'docs/pipe')]),
    code: 'BUNDLE_LINK_REFUSED',
    named: 'path',
  },
  'a hidden file': {
    spoil: (f) => writeFileSync(join(f, '.hidden'), ''),
    code: 'BUNDLE_PATH_REFUSED',
    named: 'path',
  },
  'a name that no stick takes': {
    spoil: (f) => writeFileSync(join(f, 'docs/aux.txt'), ''),
    code: 'BUNDLE_PATH_REFUSED',
    named: 'path',
  },
  'a name that is too long': {
    spoil: (f) => writeFileSync(join(f, `docs/${'x'.repeat(101)}`), ''),
    code: 'BUNDLE_PATH_REFUSED',
    named: 'path',
  },
  'a name with a line break': {
    spoil: (f) => writeFileSync(join(f, 'docs', 'a\nREADME.txt'), ''),
    code: 'BUNDLE_PATH_REFUSED',
    named: 'path',
  },
  'the manifest is unsigned': {
    spoil: (f) => rmSync(join(f, 'MANIFEST.json.sig')),
    code: 'BUNDLE_SIGNATURE_MISSING',
    named: 'MANIFEST.json',
  },
  'the checksums are unsigned': {
    spoil: (f) => rmSync(join(f, 'SHA256SUMS.sig')),
    code: 'BUNDLE_SIGNATURE_MISSING',
    named: 'SHA256SUMS',
  },
  'the checksums were changed': {
    spoil: (f) => appendFileSync(join(f, 'SHA256SUMS'), `${'0'.repeat(64)}  docs/more\n`),
    code: 'BUNDLE_SIGNATURE_INVALID',
    named: 'SHA256SUMS',
  },
};
