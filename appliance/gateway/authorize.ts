import type { Route } from '../api/routes.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import type { Caller, TenantState } from '../kernel/identity.ts';

/** The refusals of spec 4, in their order. Each function throws or lets pass. */

/** `Bearer …`, or `AUTHENTICATION_REQUIRED`. */
export function bearerToken(header: string | undefined): string {
  const match = /^Bearer ([A-Za-z0-9._~+/=-]{1,8192})$/i.exec(header ?? '');
  if (match?.[1]) return match[1];
  throw new FrostbyteError(
    'AUTHENTICATION_REQUIRED',
    'Send a token: Authorization: Bearer <token>. Issue one with `frostbyte token issue`.',
  );
}

/** Role, scope and tenant. A foreign tenant and one that does not exist are refused alike. */
export function authorize(route: Route, caller: Caller, tenantId: string | undefined): void {
  if (!route.roles.includes(caller.role)) throw forbidden(`The role ${caller.role} may not do this.`);
  if (route.scope && !caller.scopes.includes(route.scope)) throw forbidden(`The token lacks the scope ${route.scope}.`);
  if (tenantId !== undefined && caller.tenant_id !== null && caller.tenant_id !== tenantId) {
    throw forbidden('The token belongs to another tenant.');
  }
}

/** The tenant's state, for routes that only an ACTIVE tenant serves. */
export function refuseByState(route: Route, state: TenantState | null): void {
  if (state === null) throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such tenant.');
  if (route.states === 'any' || state === 'ACTIVE') return;
  if (state === 'SUSPENDED') {
    throw new FrostbyteError(
      'TENANT_SUSPENDED',
      'The tenant is suspended. Nothing was deleted; an administrator can resume it.',
    );
  }
  throw new FrostbyteError('INVALID_STATE_TRANSITION', `The tenant is ${state} and serves no requests in this state.`);
}

function forbidden(message: string): FrostbyteError {
  return new FrostbyteError('INSUFFICIENT_PERMISSIONS', message);
}
