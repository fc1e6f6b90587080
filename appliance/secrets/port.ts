/**
 * Keys of one tenant, as the data plane sees them. Storage identities are numbered and long-lived (spec 3, "Documents at
 * rest"): objects are written for the newest and opened with whichever they were written for.
 */
export interface StorageKeys {
  /** age recipient (`age1…`) of the newest storage identity. */
  recipient: string;
  /** age identities (`AGE-SECRET-KEY-1…`), newest first. In memory only; never logged, never in arguments. */
  identities: string[];
  /** The recipients of `identities`, in their order. */
  recipients: string[];
}
