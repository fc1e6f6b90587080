import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile, syncFolder } from '../../kernel/durable-file.ts';
import type { HostLayout } from '../host-layout.ts';
import { lockHost } from '../operation/host-lock.ts';
import { whoRuns } from '../operation/who-runs.ts';
import type { UninstallTools } from './tools.ts';
import type { UninstallParameters } from './uninstall.ts';

/** Whether an uninstallation is over and its own program still there: a kill came between the two. */
export const isLeaving = ({ programs, command }: HostLayout): boolean => existsSync(programs) || existsSync(command);

/**
 * The last step, behind the end of the operation: the program that ran it removes itself, and with the data the records of what
 * was done, which were exported once more with this end in them. Before that the command becomes a few lines of shell that do
 * the same: whatever ends this in the middle, `frostbyte` typed again finishes it.
 */
export function leaveHost(layout: HostLayout, parameters: UninstallParameters, tools: UninstallTools): void {
  const { programs, command, data, settings, operations } = layout;
  const { with_data, evidence_to } = parameters;
  const lock = existsSync(operations)
    ? lockHost(operations, {
        command: 'frostbyte uninstall',
        pid: process.pid,
        since: new Date().toISOString(),
        by: whoRuns(),
      })
    : null;
  try {
    if (evidence_to !== null && existsSync(layout.evidence)) tools.exportEvidence(evidence_to);
    const gone = [programs, ...(with_data ? [settings, data] : [])];
    replaceFile(command, finisher(gone, command), 0o755);
    for (const path of gone) removeTree(path);
    rmSync(command, { force: true });
    syncFolder(dirname(command));
  } finally {
    lock?.release();
  }
}

/** A disk of its own may be mounted there: then the empty folder stays. */
function removeTree(path: string): void {
  if (!existsSync(path)) return;
  for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true, force: true });
  try {
    rmdirSync(path);
  } catch (error) {
    if ((error as { code?: string }).code !== 'EBUSY') throw error;
  }
  syncFolder(dirname(path));
}

/** What the command is until it is gone. */
export function finisher(paths: readonly string[], command: string): string {
  const quoted = (path: string) => `'${path.replaceAll("'", "'\\''")}'`;
  return [
    '#!/bin/sh',
    '# Frostbyte was uninstalled here, and ended before its very last step. This takes that step.',
    ...paths.map((path) => `rm -rf -- ${quoted(path)} || [ -z "$(ls -A ${quoted(path)})" ] || exit 1`),
    `rm -f -- ${quoted(command)} &&`,
    "echo 'Frostbyte is uninstalled.'",
    '',
  ].join('\n');
}
