import { createClient } from '../../cli/client.ts';
import type { Config } from '../../config/schema.ts';
import { CHECKER } from '../../kernel/closed-door.ts';
import type { Site } from './installation-checks.ts';
import { gatewayUrl } from './readiness.ts';

/** A check is over long before. */
const TOKEN_SECONDS = 3600;

/** The appliance of these settings, with an administrator’s token that is in this process alone; who issues it may be said. */
export function siteOf(config: () => Config, issue = () => issuedHere(config())): Site {
  let token: string | null = null;
  const client = (given: string) => createClient({ url: gatewayUrl(config()), token: given });
  return {
    client,
    async admin() {
      if (token === null || !(await isTaken(gatewayUrl(config()), token))) {
        token = await issue();
      }
      return client(token);
    },
  };
}

async function issuedHere(config: Config): Promise<string> {
  const { withControl } = await import('../wire/embedded.ts');
  const { token } = await withControl(
    config,
    (control) => control.issueToken({ subject: CHECKER, role: 'admin', ttl_seconds: TOKEN_SECONDS }, 'installation'),
    { whileClosed: true },
  );
  return token;
}

/** One that was revoked is made anew. */
async function isTaken(url: string, token: string): Promise<boolean> {
  const answer = await fetch(`${url}/api/v1/status`, { headers: { authorization: `Bearer ${token}` } }).catch(
    () => null,
  );
  return answer?.status !== 401;
}
