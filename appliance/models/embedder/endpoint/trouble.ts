import { FrostbyteError } from '../../../kernel/errors.ts';

/** Where nobody says when to come again. */
const OTHERWISE_AFTER_MS = 30_000;

/** However long an endpoint wants to be left alone, it is asked again after this: a mistake there must not last for ever. */
const LONGEST_AFTER_MS = 3_600_000;

/** What keeps an endpoint from embedding. No word of an answer is in it: an answer may repeat the texts. */
export class EndpointTrouble extends FrostbyteError {
  /** Whether asking again may help. */
  readonly isPassing: boolean;
  /** When the endpoint wants to be asked again, in milliseconds; null where it does not say. */
  readonly afterMs: number | null;

  constructor(message: string, options: { isPassing: boolean; afterMs?: number | null; cause?: unknown }) {
    const { isPassing, afterMs = null, cause } = options;
    super('EMBEDDER_UNAVAILABLE', message, {
      retryAfter: Math.ceil((afterMs ?? OTHERWISE_AFTER_MS) / 1000),
      ...(cause !== undefined && { cause }),
    });
    this.isPassing = isPassing;
    this.afterMs = afterMs;
  }
}

/** What the statuses mean that are no success; what is not named here is the endpoint's own trouble from 500 on. */
const MEANING: Readonly<Record<number, string>> = Object.freeze({
  401: 'does not take the key (401). Put the right one into the file that embedder.endpoint.key_file names',
  403: 'does not let this key embed (403). Give it that right there, or put another one into embedder.endpoint.key_file',
  404: 'has nothing at this address, or no such model (404). Look at embedder.endpoint.url and embedder.endpoint.model',
  413: 'finds the request too large (413). Make embedder.endpoint.batch or embedder.endpoint.max_characters smaller',
});

/** Trouble from the status of an answer that is no success. `retryAfter` is the header, as it came. */
export function statusTrouble(status: number, retryAfter: string | null, now: number): EndpointTrouble {
  const afterMs = retryAfter === null ? null : readRetryAfter(retryAfter, now);
  if (status === 429) {
    return new EndpointTrouble('The embedding endpoint is asked too often (429).', { isPassing: true, afterMs });
  }
  if (status >= 500 || status === 408 || status === 409 || status === 425) {
    return new EndpointTrouble(`The embedding endpoint is in trouble of its own (${status}).`, {
      isPassing: true,
      afterMs,
    });
  }
  if (status >= 300 && status < 400) {
    return new EndpointTrouble(
      `The embedding endpoint sends us elsewhere (${status}), and nobody follows. Name the right address in embedder.endpoint.url.`,
      { isPassing: false },
    );
  }
  const meaning =
    MEANING[status] ?? `refuses the request (${status}). Look at embedder.endpoint.model and send_dimensions`;
  return new EndpointTrouble(`The embedding endpoint ${meaning}.`, { isPassing: false });
}

/** Seconds, or a date of HTTP; null where it is neither. In milliseconds, never below 0, and an hour at most. */
export function readRetryAfter(header: string, now: number): number | null {
  const text = header.trim();
  if (/^\d{1,9}(?:\.\d+)?$/.test(text)) return Math.min(LONGEST_AFTER_MS, Number(text) * 1000);
  const date = /^[A-Z][a-z]{2},/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : Math.min(LONGEST_AFTER_MS, Math.max(0, date - now));
}
