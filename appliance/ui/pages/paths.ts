/** The address of a page of a tenant; every part is encoded, whatever it holds. */
export function tenantPath(tenantId: string, ...parts: string[]): string {
  return joined('tenants', tenantId, ...parts);
}

/** The address of a page of an audit log: a tenant's, or the appliance's. */
export function auditPath(logId: string, ...parts: string[]): string {
  return joined('audit', logId, ...parts);
}

function joined(...parts: string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('');
}
