/** The address of a page of a tenant; every part is encoded, whatever it holds. */
export function tenantPath(tenantId: string, ...parts: string[]): string {
  return ['/tenants', tenantId, ...parts].map((part, at) => (at === 0 ? part : encodeURIComponent(part))).join('/');
}
