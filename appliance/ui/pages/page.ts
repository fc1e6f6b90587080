import type { Role } from '../../kernel/identity.ts';
import type { PageParts, Way } from '../parts/layout.ts';
import type { Visit } from '../visit.ts';
import { welcomePage } from './welcome.ts';

/** A page of the user interface: who may see it, and what it shows. The API decides again about everything that it asks. */
export interface Page {
  method: 'get' | 'post';
  /** As the table of routes writes them. */
  path: `/${string}`;
  roles: readonly Role[];
  /** What is shown, or where to go instead. */
  show(visit: Visit): Promise<PageParts | { goTo: string }>;
}

const EVERYBODY: readonly Role[] = ['tenant_user', 'tenant_admin', 'admin', 'auditor'];

/** The one table of pages. */
export const PAGES: readonly Page[] = Object.freeze([
  {
    method: 'get',
    path: '/',
    roles: EVERYBODY,
    show: async (visit) => ({ title: visit.t.home, main: welcomePage(visit), current: '/' }),
  },
]);

/** The ways that the bar offers to a person. */
export function waysFor(_visit: Visit): Way[] {
  return [];
}
