import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Every file below `folder` that holds one of these byte strings, as `path: which of them`. Reads all of them whole; a
 * file that goes away meanwhile holds nothing.
 */
export function filesHolding(folder: string, needles: Readonly<Record<string, string | Uint8Array>>): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch {
      continue;
    }
    for (const [name, needle] of Object.entries(needles)) {
      if (bytes.includes(Buffer.from(needle as string))) found.push(`${path.slice(folder.length + 1)}: ${name}`);
    }
  }
  return found;
}

/** Every file below `folder`, by its path there. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
