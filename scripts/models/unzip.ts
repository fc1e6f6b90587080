import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Entry, open, type ZipFile } from 'yauzl';

/** Takes files out of a zip: each name to its path, added to what is there with `append`. Throws where one is missing. */
export async function unzip(
  archive: string,
  files: ReadonlyMap<string, string>,
  { append = false } = {},
): Promise<void> {
  const zip = await new Promise<ZipFile>((resolve, reject) =>
    open(archive, { lazyEntries: true, autoClose: false }, (error, opened) =>
      error ? reject(error) : resolve(opened!),
    ),
  );
  try {
    const entries = await listed(zip);
    for (const [name, path] of files) {
      const entry = entries.find(({ fileName }) => fileName === name);
      if (entry === undefined) throw new Error(`${archive} has no ${name}`);
      const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) =>
        zip.openReadStream(entry, (error, opened) => (error ? reject(error) : resolve(opened!))),
      );
      await pipeline(stream, createWriteStream(path, { flags: append ? 'a' : 'w' }));
    }
  } finally {
    zip.close();
  }
}

function listed(zip: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = [];
  return new Promise((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.on('end', () => resolve(entries));
    zip.on('error', reject);
    zip.readEntry();
  });
}
