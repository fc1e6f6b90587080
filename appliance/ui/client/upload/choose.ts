/** What a person drops or chooses: the plain files of one folder, as the command line takes them. */
export interface Chosen {
  files: File[];
  /** Files that stay behind: in subfolders, or hidden. */
  leftBehind: number;
}

const isHidden = (name: string) => name.startsWith('.');

/** Of an input: `webkitRelativePath` says how deep a file lies in the folder that was chosen. */
export function fromInput(list: FileList): Chosen {
  const all = [...list];
  const files = all.filter(({ name, webkitRelativePath: path }) => !isHidden(name) && path.split('/').length <= 2);
  return { files, leftBehind: all.length - files.length };
}

/** Of a drop: files as they are, and the files of folders. */
export async function fromDrop(transfer: DataTransfer): Promise<Chosen> {
  // To be taken before anything is waited for: then the list is empty.
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const chosen: Chosen = { files: [], leftBehind: 0 };
  for (const entry of entries) {
    const found = entry.isDirectory ? await listed(entry as FileSystemDirectoryEntry) : [entry];
    for (const one of found) {
      if (one.isFile && !isHidden(one.name)) chosen.files.push(await fileOf(one as FileSystemFileEntry));
      else chosen.leftBehind += 1;
    }
  }
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
