/** A file with its way from the folder that was chosen: `drafts/lease.pdf`. */
export interface Found {
  file: File;
  path: string;
}

/** What a person drops or chooses: the plain files of a folder and of those in it. */
export interface Chosen {
  /** By their paths, in the same order each time: a batch that broke off is known again by what it holds. */
  files: Found[];
  /** How much stays behind because it is hidden: files; a hidden folder that is dropped is one, of a chosen one its files are seen. */
  leftBehind: number;
}

const isHidden = (path: string) => path.split('/').some((name) => name.startsWith('.'));
const byPath = (one: Found, other: Found) => (one.path < other.path ? -1 : 1);

/** Of an input: `webkitRelativePath` begins with the folder that was chosen. */
export function fromInput(list: FileList): Chosen {
  const all = [...list].map((file) => ({ file, path: file.webkitRelativePath.replace(/^[^/]*\//, '') || file.name }));
  const files = all.filter(({ path }) => !isHidden(path));
  return { files: files.sort(byPath), leftBehind: all.length - files.length };
}

/** Of a drop: files as they are, and all that lies in folders. */
export async function fromDrop(transfer: DataTransfer): Promise<Chosen> {
  // To be taken before anything is waited for: then the list is empty.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  // Of one folder the names begin below it, as when it is chosen; of several each says which one it is of.
  const root = entries.length === 1 && entries[0]!.isDirectory ? `${entries[0]!.fullPath}/`.length : 1;
  const chosen: Chosen = { files: [], leftBehind: 0 };
  const rest = [...entries];
  for (let entry = rest.pop(); entry !== undefined; entry = rest.pop()) {
    const path = entry.fullPath.slice(root);
    if (isHidden(path)) chosen.leftBehind += 1;
    else if (entry.isDirectory) rest.push(...(await listed(entry as FileSystemDirectoryEntry)));
    else chosen.files.push({ file: await fileOf(entry as FileSystemFileEntry), path });
  }
  chosen.files.sort(byPath);
  return chosen;
}

/** A reader gives some entries at a time, and none when it is at the end. */
async function listed(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
