import type { ControlVerbs } from '../../appliance/control/verbs.ts';
import { adminHandler } from '../../appliance/gateway/admin.ts';
import { type Admitted, createGateway } from '../../appliance/gateway/app.ts';
import { auditHandler } from '../../appliance/gateway/audit.ts';
import { openRoutes } from '../../appliance/gateway/open.ts';
import type { TenantState } from '../../appliance/kernel/identity.ts';
import type { LogFields, Logger, Meter } from '../../appliance/kernel/telemetry.ts';
import { type RateLimiter, unlimited } from '../../appliance/stores/limits/port.ts';
import type { Part } from '../../appliance/ui/api.ts';
import { createUi } from '../../appliance/ui/app.ts';
import type { Assets } from '../../appliance/ui/assets.ts';
import { type ControlDouble, controlDouble } from './control-verbs-double.ts';

/** A gateway over doubles: control in memory, planes that answer with what they were handed. */
export interface GatewayWorld extends ControlDouble {
  request(
    method: string,
    path: string,
    options?: { token?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<Response>;
  /** For whoever serves it. */
  fetch(request: Request): Promise<Response>;
  /** Requests that reached the data plane. */
  forwarded: Admitted[];
  requests: { tenant: string; endpoint: string; method: string; status: number }[];
  rejections: { tenant: string; endpoint: string }[];
  lines: { message: string; fields: LogFields | undefined }[];
  /** Whether nobody but who checks the installation is let in. */
  door: { closed: boolean };
}

export interface GatewayWorldOptions {
  tenants?: Record<string, TenantState>;
  limiter?: RateLimiter;
  /** Verbs of control that behave otherwise. */
  verbs?: Partial<ControlVerbs>;
  data?: (admitted: Admitted) => Promise<Response>;
  /** What browsers load beside pages. */
  assets?: Assets;
  readiness?: () => Promise<Part[]>;
  /** What `/status` says. */
  status?: { version: string; mode: 'embedded' | 'stack'; uptime_seconds: number };
}

export function gatewayWorld({
  tenants = { acme: 'ACTIVE' },
  limiter = unlimited,
  verbs,
  data,
  assets = { address: (name) => `/ui/${name}`, file: () => null },
  readiness = async () => [],
  status: says = { version: '0', mode: 'embedded', uptime_seconds: 1 },
}: GatewayWorldOptions = {}): GatewayWorld {
  const control = controlDouble(tenants, verbs);
  const door = { closed: false };
  const forwarded: Admitted[] = [];
  const requests: GatewayWorld['requests'] = [];
  const rejections: GatewayWorld['rejections'] = [];
  const lines: GatewayWorld['lines'] = [];
  const write = (message: string, fields?: LogFields) => void lines.push({ message, fields });
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  const meter = new Proxy({} as Meter, {
    get: (_target, name) => {
      if (name === 'apiRequest')
        return (tenant: string, endpoint: string, method: string, status: number) =>
          void requests.push({ tenant, endpoint, method, status });
      if (name === 'rateLimitRejection')
        return (tenant: string, endpoint: string) => void rejections.push({ tenant, endpoint });
      throw new TypeError(`the gateway does not measure ${String(name)}`);
    },
  });
  const open = openRoutes({
    version: '0',
    control: control.verbs,
    metrics: async () => '',
    readiness,
  });
  const app: ReturnType<typeof createGateway> = createGateway({
    control: control.verbs,
    limiter,
    logger,
    meter,
    handlers: {
      data: async (admitted) => {
        forwarded.push(admitted);
        const { status } = admitted.route;
        if (data) return data(admitted);
        return status === 204
          ? new Response(null, { status })
          : Response.json({ success: true, data: null }, { status });
      },
      control: adminHandler(control.verbs),
      audit: auditHandler(control.verbs),
      gateway: async () => Response.json({ success: true, data: says }),
    },
    open,
    pages: createUi({
      control: control.verbs,
      logger,
      assets,
      ask: async (request) => app.fetch(request),
    }),
    isClosed: () => door.closed,
  });
  return {
    ...control,
    door,
    forwarded,
    requests,
    rejections,
    lines,
    fetch: async (request) => app.fetch(request),
    async request(method, path, { token, body, headers = {} } = {}) {
      return app.request(path.startsWith('/') ? path : `/api/v1/${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    },
  };
}

/** The error's code and status, with the envelope checked. */
export async function refusalOf(
  response: Response,
): Promise<{ status: number; code: string; message: string; details: unknown[]; request_id: string }> {
  const body = (await response.json()) as {
    success: boolean;
    error: { code: string; message: string; details: unknown[]; request_id: string };
  };
  if (body.success !== false) throw new Error(`it was answered with ${response.status}`);
  return { status: response.status, ...body.error };
}
