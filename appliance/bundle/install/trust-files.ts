import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostLayout } from '../host-layout.ts';
import { serialOf } from '../verify/trust.ts';
import { NEWEST, newestOf } from './known-trust.ts';
import type { WantedFile } from './phases/write-files.ts';

/** The anchor, the newest lists of signers, and how new the newest release was: what no later bundle may go behind. */
export function trustFiles(
  { version, anchor, counter }: { version: string; anchor: string; counter: number },
  layout: HostLayout,
): WantedFile[] {
  const newestBundle = join(layout.settings, NEWEST);
  return [
    { path: layout.anchor, text: anchor, mode: 0o644, whose: 'ours' },
    ...signerLists(join(layout.releases, version, 'signers'), layout),
    {
      path: newestBundle,
      mode: 0o644,
      whose: 'ours',
      get text() {
        const known = existsSync(newestBundle) ? readFileSync(newestBundle, 'utf8') : null;
        if (known !== null && newestOf(known, newestBundle).counter > counter) return known;
        return `${JSON.stringify({ counter, version })}\n`;
      },
    },
  ];
}

/** The lists of signers and revocations that a bundle brought, where they are newer than those here. */
export function signerLists(brought: string, { settings }: Pick<HostLayout, 'settings'>): WantedFile[] {
  return ['allowed_signers', 'revoked_keys'].map((name) => {
    const path = join(settings, `known_${name}`);
    // Read when it is needed: the bundle is not there before its phase.
    return {
      path,
      mode: 0o644,
      whose: 'ours',
      get text() {
        return newest(join(brought, name), path);
      },
    };
  });
}

function newest(brought: string, known: string): string {
  const text = readFileSync(brought, 'utf8');
  const here = existsSync(known) ? readFileSync(known, 'utf8') : null;
  return here !== null && serialOf(here) > serialOf(text) ? here : text;
}
