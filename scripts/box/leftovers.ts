/** Finds and removes boxes that nobody ends any more: their test run was killed. */
import { readdirSync } from 'node:fs';
import { boxOf } from './box.ts';
import { groupsNamed } from './cgroups.ts';
import { PLACE } from './place.ts';
import { isOrphan, readRecords } from './records.ts';

/** Removes them; the names of those that were there. `kept`: also those that stay until somebody ends them. */
export async function removeLeftovers({ kept = false } = {}): Promise<string[]> {
  const left = readRecords().filter((record) => isOrphan(record) || (kept && record.owner === null));
  for (const record of left) await boxOf(record).end();
  return left.map(({ name }) => name);
}

/** What there is of this tree's boxes, for a test that nothing is left: control groups, namespaces, files. */
export function tracesOf(name: string = PLACE.prefix): string[] {
  return [
    ...groupsNamed(name),
    ...['/run/netns', PLACE.boxes].flatMap((folder) => listed(folder).filter((entry) => entry.startsWith(name))),
  ];
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
