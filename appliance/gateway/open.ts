import { Hono } from 'hono';
import { openApiDocument } from '../api/openapi.ts';
import { referencePage } from './reference.ts';

/** What needs no token: liveness, readiness, metrics, the OpenAPI document and its page (spec 4). */
export interface OpenRoutes {
  version: string;
  metrics(): Promise<string>;
  /** Each dependency, no secrets. */
  readiness(): Promise<{ name: string; ok: boolean; message: string }[]>;
}

export function openRoutes({ version, metrics, readiness }: OpenRoutes): Hono {
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
  app.get('/api/v1/openapi.json', (c) => c.json(document));
  app.get('/api/v1/reference', (c) =>
    c.html(referencePage(document), 200, {
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    }),
  );
  return app;
}
