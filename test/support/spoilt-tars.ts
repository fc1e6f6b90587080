import { tarHeader } from '../../appliance/bundle/format/tar.ts';
import type { BundleCode } from '../../appliance/kernel/errors.ts';

/** Ways in which a tar is not the one of a bundle, and what every verifier says of each. */
export const SPOILT_TARS: Readonly<Record<string, { spoil(tar: Buffer): Buffer; code: BundleCode }>> = {
  'cut off by a byte': { spoil: (tar) => tar.subarray(0, -1), code: 'BUNDLE_TAR_INVALID' },
  'cut off before its end': { spoil: (tar) => tar.subarray(0, -1024), code: 'BUNDLE_TAR_INVALID' },
  'cut off within a file': { spoil: (tar) => tar.subarray(0, -3000), code: 'BUNDLE_TAR_INVALID' },
  'more behind its end': { spoil: (tar) => Buffer.concat([tar, Buffer.alloc(512)]), code: 'BUNDLE_TAR_INVALID' },
  'there twice, one behind the other': { spoil: (tar) => Buffer.concat([tar, tar]), code: 'BUNDLE_TAR_INVALID' },
  empty: { spoil: () => Buffer.alloc(0), code: 'BUNDLE_TAR_INVALID' },
  'an archive of nothing': { spoil: () => Buffer.alloc(1024), code: 'BUNDLE_FILE_MISSING' },
  'a header with another owner': {
    spoil: (tar) => {
      const changed = Buffer.from(tar);
      changed.write('7', 114, 'latin1');
      return changed;
    },
    code: 'BUNDLE_TAR_INVALID',
  },
  'something between its files': {
    spoil: (tar) => {
      const changed = Buffer.from(tar);
      // The manifest is the first entry; its last block is filled up.
      const size = Number.parseInt(tar.toString('latin1', 124, 135), 8);
      changed[512 + size] = 1;
      return changed;
    },
    code: 'BUNDLE_TAR_INVALID',
  },
  'a symbolic link': { spoil: (tar) => withEntry(tar, linked('2')), code: 'BUNDLE_LINK_REFUSED' },
  'a hard link': { spoil: (tar) => withEntry(tar, linked('1')), code: 'BUNDLE_LINK_REFUSED' },
  'a way up': { spoil: (tar) => withEntry(tar, plain('docs/../../x')), code: 'BUNDLE_PATH_UPWARD' },
  'an absolute path': { spoil: (tar) => withEntry(tar, plain('/etc/cron.d/x')), code: 'BUNDLE_PATH_ABSOLUTE' },
  'a name that no bundle has': { spoil: (tar) => withEntry(tar, plain('./x')), code: 'BUNDLE_PATH_REFUSED' },
  'a file twice': { spoil: (tar) => withEntry(tar, plain('README.txt')), code: 'BUNDLE_PATH_TWICE' },
  'a name that differs from another in case alone': {
    spoil: (tar) => withEntry(tar, plain('readme.TXT')),
    code: 'BUNDLE_PATH_CASE',
  },
  'a folder whose name differs from another in case alone': {
    spoil: (tar) => withEntry(tar, plain('Docs/more')),
    code: 'BUNDLE_PATH_CASE',
  },
  'a name that no stick takes': { spoil: (tar) => withEntry(tar, plain('docs/nul')), code: 'BUNDLE_PATH_REFUSED' },
  'a file has another name': {
    spoil: (tar) => {
      const [at, changed] = [tar.indexOf('README.txt\0'), Buffer.from(tar)];
      changed.write('README.md_', at, 'latin1');
      sealed(changed.subarray(at, at + 512));
      return changed;
    },
    code: 'BUNDLE_FILE_RENAMED',
  },
  'a file too many': { spoil: (tar) => withEntry(tar, plain('docs/more')), code: 'BUNDLE_FILE_EXTRA' },
};

/** An entry before the end. */
export function withEntry(tar: Buffer, header: Buffer): Buffer {
  return Buffer.concat([tar.subarray(0, -1024), header, tar.subarray(-1024)]);
}

/** An empty file under whatever name. */
export function plain(at: string): Buffer {
  const header = tarHeader({ path: 'docs/more', size: 0, executable: false });
  header.fill(0, 0, 100);
  header.write(at, 0, 'latin1');
  return sealed(header);
}

function linked(kind: '1' | '2'): Buffer {
  const link = tarHeader({ path: 'docs/more', size: 0, executable: false });
  link.write(kind, 156, 'latin1');
  link.write('/etc/passwd', 157, 'latin1');
  return sealed(link);
}

/** A header with the sum that belongs to it. */
function sealed(header: Buffer): Buffer {
  header.write('        ', 148, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
