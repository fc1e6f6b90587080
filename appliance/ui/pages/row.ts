import { TENANT_AND_ADMIN } from '../../api/route.ts';
import type { Role } from '../../kernel/identity.ts';
import type { PageParts } from '../parts/layout.tsx';
import type { Visit } from '../visit.ts';

/** A page of the user interface: who may see it, and what it shows. The API decides again about everything that it asks. */
export interface Page {
  method: 'get' | 'post';
  /** As the table of routes writes them. */
  path: `/${string}`;
  roles: readonly Role[];
  /** It shows a tenant's content: an administrator who is refused is offered break-glass. */
  content?: true;
  /** What is shown, where to go instead, or a file that the browser saves. */
  show(visit: Visit): Promise<PageParts | { goTo: string } | { save: Response }>;
}

/** A page of a tenant that its own people see, and administrators as far as the API lets them. */
export const ofTenant = (
  path: string,
  show: Page['show'],
  more: Partial<Pick<Page, 'method' | 'roles' | 'content'>> = {},
): Page => ({
  method: 'get',
  path: `/tenants/{tenant_id}/${path}`,
  roles: TENANT_AND_ADMIN,
  show,
  ...more,
});
