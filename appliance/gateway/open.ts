import { Hono } from 'hono';
import { openApiDocument } from '../api/openapi.ts';
import { RedeemCodeBody } from '../api/schemas/admin.ts';
import { readJson, validate } from '../api/validate.ts';
import type { ControlVerbs } from '../control/verbs.ts';
import { isFrostbyteError } from '../kernel/errors.ts';
import { referencePage } from './reference.ts';
import { sourceOf } from './source.ts';

/** What needs no token: liveness, readiness, metrics, the OpenAPI document and its page (spec 4), and getting one for a code. */
export interface OpenRoutes {
  version: string;
  control: Pick<ControlVerbs, 'redeemCode' | 'authenticationFailed'>;
  metrics(): Promise<string>;
  /** Each dependency, no secrets. */
  readiness(): Promise<{ name: string; ok: boolean; message: string }[]>;
}

const MOST_CODE_BYTES = 1024;

export function openRoutes({ version, control, metrics, readiness }: OpenRoutes): Hono {
  const app = new Hono();
  const document = openApiDocument(version);
  app.get('/health', (c) => c.json({ status: 'ok' }));
  app.get('/ready', async (c) => {
    const dependencies = await readiness();
    const ok = dependencies.every((dependency) => dependency.ok);
    return c.json(
      { status: ok ? 'ready' : 'not ready', dependencies },
      ok ? 200 : 503,
      ok ? {} : { 'retry-after': '5' },
    );
  });
  // The daemon listens on loopback alone; where it does not, `listen` puts a token before this.
  app.get('/metrics', async (c) =>
    c.text(await metrics(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
  // Guessing one in its minutes is hopeless, so that no limit that others share is drawn from; failures are counted.
  app.post('/api/v1/tokens/redeem', async (c) => {
    const { code } = validate(RedeemCodeBody, await readJson(c.req.raw, MOST_CODE_BYTES), 'body');
    try {
      return c.json({ success: true, data: await control.redeemCode(code) }, 201);
    } catch (error) {
      if (isFrostbyteError(error, 'AUTHENTICATION_REQUIRED')) control.authenticationFailed(sourceOf(c), error.code);
      throw error;
    }
  });
  app.get('/api/v1/openapi.json', (c) => c.json(document));
  app.get('/api/v1/reference', (c) =>
    c.html(referencePage(document), 200, {
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    }),
  );
  return app;
}
