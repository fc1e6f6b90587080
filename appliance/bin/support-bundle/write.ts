import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { auditEntry } from '../../audit/entry.ts';
import { paddingOf, TAR_END, tarHeader } from '../../bundle/format/tar.ts';
import { openRegistry } from '../../control/registry/open.ts';
import { appendEntries } from '../../control/registry/outbox.ts';
import { systemClock } from '../../kernel/clock.ts';
import { diskError, syncFolder, writeAll } from '../../kernel/durable-file.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { controlPaths } from '../../kernel/names.ts';
import type { Part } from '../../observability/support-bundle/pack.ts';

const APPLIANCE = '_appliance';

/** The files as a packed tar: the same files give the same bytes. */
export function packed(parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap(({ path, content }) => [
    tarHeader({ path, size: content.length, executable: false }),
    content,
    Buffer.alloc(paddingOf(content.length)),
  ]);
  return gzipSync(Buffer.concat([...pieces, TAR_END]), { level: 9 });
}

/** Writes it for its owner alone, durable on return. Throws `VALIDATION_ERROR` for a file that is there, and as `diskError`. */
export function writeNew(file: string, bytes: Buffer): { sha256: string } {
  if (existsSync(file)) {
    throw new FrostbyteError('VALIDATION_ERROR', 'There is a file of that name already; it is left as it is.', {
      details: [{ field: 'out', value: file, constraint: 'a new file' }],
    });
  }
  try {
    const fd = openSync(file, 'wx', 0o600);
    try {
      writeAll(fd, bytes);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    syncFolder(dirname(file));
  } catch (error) {
    rmSync(file, { force: true });
    throw diskError(error, file);
  }
  return { sha256: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * Adds to the appliance’s log that a bundle was made. False where there is no registry, or it cannot be written: a bundle is
 * made for when things are broken. `actor`: who asked for it, where it was not whoever sits at the host.
 */
export function recordBundle(dataFolder: string, made: { files: number; sha256: string }, actor = 'operator'): boolean {
  const file = controlPaths(dataFolder).registry;
  if (!existsSync(file)) return false;
  const clock = systemClock();
  try {
    const registry = openRegistry(file, clock);
    try {
      const about = { tenant_id: APPLIANCE, actor, resource_id: APPLIANCE };
      registry.write(() =>
        appendEntries(registry, [
          auditEntry(clock, 'SUPPORT_BUNDLE_CREATED', { ...about, adds: { ...made, sha256: `sha256:${made.sha256}` } }),
        ]),
      );
      return true;
    } finally {
      registry.close();
    }
  } catch {
    return false;
  }
}
