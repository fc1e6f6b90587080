import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/telemetry.ts';
import type { AuditLog } from '../stores/log/port.ts';
import type { RecoveryVerbs } from './keys/recovery-verbs.ts';
import type { TenantResources } from './provisioning/port.ts';
import type { ReleaseNotes } from './release-notes.ts';
import type { Models } from './tenants/pinned-model.ts';
import type { OneTimeCode } from './tokens/one-time-codes.ts';
import type { UserVerbs } from './users/user-verbs.ts';
import type { ControlVerbs, Notice, Tenant, TokenRequest } from './verbs.ts';

export interface ControlOptions {
  dataFolder: string;
  clock: Clock;
  logger: Logger;
  resources: TenantResources;
  /** Opens (and makes) a log; called once per log and kept open until `stop`. */
  openLog(logId: string): Promise<AuditLog>;
  /** Where this appliance answers, without a slash at the end. */
  baseUrl(): string;
  /** How long work in flight may go on after a suspension, in milliseconds. Default 5,000. */
  drainMs?: number;
  /** The embedding models that a tenant may be pinned to. Default: words alone. */
  models?(): Promise<Models>;
  /** A tenant's usage now, or null where it cannot be had. */
  usage?(tenantId: string): Promise<Tenant['usage'] | null>;
  /** Waits before each retry of a provisioning step, in milliseconds. */
  retryWaits?: readonly number[];
  /** Milliseconds between two looks for work left behind. Default 500. */
  beatMs?: number;
  /** The site's own bound on break-glass, in minutes. Default and at most 60. */
  breakGlassMinutes?: number;
  /** Hours after a tenant's last isolation check at which the next one comes by itself. Default 24. */
  isolationHours?: number;
  /** Whether data planes reach an endpoint to embed with: without one no tenant is set online. Default: no. */
  hasEndpoint?: boolean;
  /** What was measured over time. Default: this process keeps none. */
  measuring?: Pick<ControlVerbs, 'plots' | 'alerts'>;
  /** What looks at the host. Default: this process does not. */
  host?: Pick<
    ControlVerbs,
    'installation' | 'diagnose' | 'boundary' | 'makeBoundary' | 'supportListing' | 'supportBundle'
  >;
  /** Forgiven difference of clocks about a token's start, 0–5 seconds. */
  clockSkewSeconds?: number;
}

/** Control: the verbs, and what the process that hosts it does with it. */
export interface Control extends ControlVerbs, RecoveryVerbs, UserVerbs, ReleaseNotes {
  /**
   * Settles the kill-switch's flags, takes up unfinished plans and relays events from now on. Only the daemon that holds
   * the data folder's lock calls it; other processes use the verbs alone.
   */
  start(): Promise<void>;
  /** Ends background work, moves what waits, closes registry and logs. Safe to call twice. */
  stop(): Promise<void>;
  /** Moves all waiting events to their logs. */
  relayNow(): Promise<void>;
  /** Resolves when no plan of this process is running. */
  idle(): Promise<void>;
  /**
   * Gives out a code that is exchanged for such a token once, within these seconds (900 unless said). For whoever stands at
   * the box: not for the gateway. Throws as `issueToken`.
   */
  offerCode(request: TokenRequest, actor: string, validSeconds?: number): Promise<OneTimeCode>;
  /**
   * A new key signs tokens; old public keys stay until their last token has expired. Reported as KEY_ROTATED in the
   * appliance's log. Returns the new `kid`.
   */
  rotateSigningKey(reason: string, actor: string): Promise<string>;
  /** Removes audit exports whose time is over. */
  sweepExports(): Promise<void>;
  /** Notices that a tenant is to be shown: those that hold and that nobody acknowledged, oldest first. */
  notices(tenantId: string): Promise<Notice[]>;
}
