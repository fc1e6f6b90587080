/**
 * A small Redis server for each tenant, in its network alone (spec 3, "Redis users"). It keeps nothing on a disk: whenever
 * it starts it knows control alone, and no job; users and jobs are made again from what is true elsewhere.
 */
export interface RedisServers {
  /**
   * Makes it, or finishes making it, and starts it; one that runs as it should is left alone. The default user is
   * control's own, with this password. That it answers is found by asking it. Throws `SERVICE_UNAVAILABLE`.
   */
  make(tenantId: string, adminPassword: string): Promise<void>;
  address(tenantId: string): Promise<{ host: string; port: number }>;
  /** Starts one that was made. Throws `SERVICE_UNAVAILABLE` where it was not. */
  start(tenantId: string): Promise<void>;
  /** Ends it at once, and every session with it. One that is not there is no error. */
  stop(tenantId: string): Promise<void>;
  /** Tenants whose server was made, and whether it runs; where it does not it was stopped, or is dead. */
  states(): Promise<Map<string, 'running' | 'down'>>;
  destroy(tenantId: string): Promise<void>;
  isGone(tenantId: string): Promise<boolean>;
}
