/** What a legal hold may cover (spec 3): everything of a tenant, what came with a batch, or one document. */
export const HOLD_SCOPES = ['tenant', 'batch', 'document'] as const;
export type HoldScope = (typeof HOLD_SCOPES)[number];
