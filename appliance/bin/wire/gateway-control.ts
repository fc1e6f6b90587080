import { createPublicKey, type KeyObject } from 'node:crypto';
import { statSync } from 'node:fs';
import { isFlagged } from '../../control/tenants/suspension-flags.ts';
import { tokenVerifier } from '../../control/tokens/verify.ts';
import type { ControlVerbs, PublicKey } from '../../control/verbs.ts';
import type { Clock } from '../../kernel/clock.ts';

/** Public keys are asked for again when one is unknown, at most so often. */
const KEYS_MS = 1000;
/** How long a suspended tenant's gate may wait for control before the flag alone decides. */
const FLAG_MS = 300;

/**
 * Control's verbs as the gateway asks them: signatures are checked here, so that forged tokens trouble nobody else; whether
 * a token still lives is asked each time; and a tenant's flag is looked at here, so that it is stopped whatever else lives.
 * `flags`: the folder of the kill-switch's flags, as this process sees it. Two `stat` a request beside what control is asked.
 */
export function gatewayControl(verbs: ControlVerbs, flags: string, clock: Clock): ControlVerbs {
  // What is no folder shows no flag; that must not read as if there were none.
  const isStopped = (tenantId: string) => !isFolder(flags) || isFlagged(flags, tenantId);
  const verify = tokenVerifier({ isLive: verbs.isLive, clock, keys: publicKeys(() => verbs.publicKeys()) });
  return {
    ...verbs,
    authenticate: verify,
    async gate(tenantId) {
      if (!isStopped(tenantId)) return verbs.gate(tenantId);
      const stopped = { state: 'SUSPENDED', config: null, config_version: 0 } as const;
      const late = new Promise<typeof stopped>((resolve) => setTimeout(() => resolve(stopped), FLAG_MS).unref());
      const { state } = await Promise.race([verbs.gate(tenantId), late]).catch(() => stopped);
      // A flag that was raised a moment ago counts, whatever control still says.
      return { ...stopped, state: state === 'ACTIVE' ? 'SUSPENDED' : state };
    },
  };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}

/** The keys that verify tokens, asked of control when one is not known. */
function publicKeys(ask: () => Promise<PublicKey[]>): { publicKey(kid: string): Promise<KeyObject | null> } {
  let known = new Map<string, KeyObject>();
  let askedAt = Number.NEGATIVE_INFINITY;
  return {
    async publicKey(kid) {
      if (!known.has(kid) && performance.now() - askedAt >= KEYS_MS) {
        known = new Map(
          (await ask()).map((one) => [one.kid, createPublicKey({ format: 'jwk', key: one.jwk })] as const),
        );
        askedAt = performance.now();
      }
      return known.get(kid) ?? null;
    },
  };
}
