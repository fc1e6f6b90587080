import { basename, join } from 'node:path';
import { z } from 'zod';
import type { HostLayout } from '../../host-layout.ts';
import { unfinishedOperation } from '../../operation/operations.ts';
import type { Facts } from '../facts.ts';
import type { HostPort } from '../host-port.ts';

/** What of ours is on the host already. */

const Manifest = z.object({ version: z.string(), counter: z.number() });

export function gatherInstallation(host: HostPort, layout: HostLayout): Facts['installation'] {
  const about = {
    data: (host.list(layout.data) ?? []).some((name) => !['operations', 'evidence'].includes(name)),
    unfinished: unfinishedOf(layout),
  };
  const none = { version: null, counter: null, reason: null };
  const link = host.link(layout.current);
  if (link === null) {
    // A folder where the link belongs is nothing that we made.
    if (!host.exists(layout.current)) return { state: 'none', ...none, ...about };
    return { state: 'broken', ...none, reason: `${layout.current} is no link`, ...about };
  }
  const release = join(layout.releases, basename(link));
  const manifest = readManifest(host.read(join(release, 'MANIFEST.json')));
  if (manifest === null) {
    return { state: 'broken', ...none, reason: `${layout.current} points to ${link}, where no release is`, ...about };
  }
  const missing = ['bin/node', 'appliance/cli.mjs'].find((file) => !host.exists(join(release, file)));
  if (missing === undefined) return { state: 'present', ...manifest, reason: null, ...about };
  return { state: 'broken', ...manifest, reason: `${join(release, missing)} is missing`, ...about };
}

function readManifest(text: string | null): { version: string; counter: number } | null {
  if (text === null) return null;
  try {
    return Manifest.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

function unfinishedOf({ operations }: HostLayout): string | null {
  try {
    return unfinishedOperation(operations)?.plan.title ?? null;
  } catch {
    return 'an operation whose journal cannot be read';
  }
}
