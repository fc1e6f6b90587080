import type { Markup } from '../../api/markup.ts';
import { tenantPath } from '../pages/paths.ts';
import type { Visit } from '../visit.ts';

/** The pages about a tenant that whoever runs the box has beside its content; one of them is the present one. */
export function tenantWays({ t, caller, params }: Visit, current: TenantWay): Markup | null {
  if (caller.role !== 'admin') return null;
  const id = params.tenant_id!;
  const ways: readonly (readonly [TenantWay, string, string])[] = [
    ['overview', tenantPath(id), t.ofTenant.overview],
    ['measures', tenantPath(id, 'measures'), t.measures.title],
    ['configuration', tenantPath(id, 'configuration'), t.configuration.title],
    ['break-glass', tenantPath(id, 'break-glass'), t.glass.title],
    ['quarantine', tenantPath(id, 'quarantine'), t.quarantine.title],
    ['dead-letters', tenantPath(id, 'dead-letters'), t.deadLetters.title],
    ['audit', `/audit/${encodeURIComponent(id)}`, t.audit.title],
  ];
  return (
    <nav aria-label={t.ofTenant.more}>
      <ul class="tabs">
        {ways.map(([way, path, says]) => (
          <li>
            <a href={path} aria-current={way === current ? 'page' : undefined}>
              {says}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

export type TenantWay =
  | 'overview'
  | 'measures'
  | 'configuration'
  | 'break-glass'
  | 'quarantine'
  | 'dead-letters'
  | 'audit';
