import { z } from 'zod';
import { ROLES, SCOPES } from '../../kernel/identity.ts';
import { TENANT_ID } from '../../kernel/ids.ts';
import { ROLE_RULES } from './roles.ts';

/** Who a token is for: printable, no blanks, so that it can stand in events and lists as it is. */
export const SUBJECT = /^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$/;

/** A token's claims (spec 4). Unknown ones are refused: nobody but us makes tokens. Times in seconds. */
export const Claims = z
  .strictObject({
    sub: z.string().regex(SUBJECT),
    tenant_id: z.string().regex(TENANT_ID).optional(),
    role: z.enum(ROLES),
    scopes: z.array(z.enum(SCOPES)).min(1),
    iat: z.number().int(),
    nbf: z.number().int(),
    exp: z.number().int(),
    jti: z.uuid(),
  })
  .refine(
    (claims) => ROLE_RULES[claims.role].needsTenant === (claims.tenant_id !== undefined),
    'tenant does not fit the role',
  )
  .refine(
    (claims) => claims.scopes.every((scope) => ROLE_RULES[claims.role].scopes.includes(scope)),
    'beyond the role',
  );
export type Claims = z.infer<typeof Claims>;
