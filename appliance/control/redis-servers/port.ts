/** A small Redis server for each tenant, in its network alone (spec 3, "Redis users"). */
export interface RedisServers {
  /** Makes it, or finishes making it, and starts it. The default user is control's own, with this password. */
  make(tenantId: string, adminPassword: string): Promise<void>;
  address(tenantId: string): Promise<{ host: string; port: number }>;
  start(tenantId: string): Promise<void>;
  /** Ends it at once; what it held is made again from the records. */
  stop(tenantId: string): Promise<void>;
  destroy(tenantId: string): Promise<void>;
  isGone(tenantId: string): Promise<boolean>;
}
