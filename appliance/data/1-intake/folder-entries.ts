import { readdir } from 'node:fs/promises';
import { FrostbyteError } from '../../kernel/errors.ts';

export const MANIFEST_NAME = 'manifest.json';

/** What lies in a folder, by what it is; names in order, nothing is followed and nothing opened. */
export interface FolderEntries {
  /** Plain files, the manifest apart. */
  files: string[];
  /** Symbolic links, to whatever. */
  links: string[];
  folders: string[];
  /** Pipes, sockets, devices. */
  specials: string[];
  /** Whatever begins with a dot. */
  hidden: string[];
}

/** Looks into a folder, not into its subfolders. Throws `VALIDATION_ERROR` where it cannot be read. */
export async function folderEntries(dir: string): Promise<FolderEntries> {
  const found = await readdir(dir, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new FrostbyteError('VALIDATION_ERROR', 'The folder cannot be read.', {
      cause,
      details: [
        {
          field: 'dir',
          value: dir,
          constraint: `must be a folder that can be read (${cause.code ?? 'unknown reason'})`,
        },
      ],
    });
  });
  const entries: FolderEntries = { files: [], links: [], folders: [], specials: [], hidden: [] };
  for (const entry of found) {
    if (entry.name === MANIFEST_NAME && entry.isFile()) continue;
    const kind = entry.name.startsWith('.')
      ? 'hidden'
      : entry.isFile()
        ? 'files'
        : entry.isSymbolicLink()
          ? 'links'
          : entry.isDirectory()
            ? 'folders'
            : 'specials';
    entries[kind].push(entry.name);
  }
  for (const names of Object.values(entries) as string[][]) names.sort((a, b) => (a < b ? -1 : 1));
  return entries;
}

/** No more of them are named in one refusal. */
const MOST_NAMED = 20;

/**
 * The plain files of a folder, where all of it is to be sent. Throws `VALIDATION_ERROR` for an empty folder, and for one
 * that holds links or devices: following them would send what nobody meant to, leaving them out would send less than
 * somebody meant to.
 */
export async function filesToSend(dir: string): Promise<string[]> {
  const { files, links, specials } = await folderEntries(dir);
  const strange = [
    ...links.map((value) => ({ field: 'filename', value, constraint: 'is a link; links are not followed' })),
    ...specials.map((value) => ({ field: 'filename', value, constraint: 'is a pipe, a socket or a device' })),
  ];
  if (strange.length > 0) {
    throw new FrostbyteError(
      'VALIDATION_ERROR',
      `The folder holds ${strange.length} thing(s) that are no plain files. Put the files themselves there, or write a manifest.json that names what is to be sent.`,
      { details: strange.slice(0, MOST_NAMED) },
    );
  }
  if (files.length > 0) return files;
  throw new FrostbyteError('VALIDATION_ERROR', 'The folder holds no files to send.', {
    details: [{ field: 'dir', value: dir, constraint: 'must hold plain files; subfolders are not sent' }],
  });
}
