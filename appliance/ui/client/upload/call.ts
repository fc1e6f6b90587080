/** A request that tells how much of its body is over: what `fetch` cannot. */
export interface Answer {
  status: number;
  text: string;
  header(name: string): string | null;
}

/** The line broke, or the appliance went away: to be tried again. */
export class LineBroke extends Error {}

/** A refusal of the API, in its own words. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: readonly { field: string; constraint: string; file?: string; remediation?: string }[];
  readonly retryAfter: number | null;

  constructor({ status, text, header }: Answer) {
    let error: { code?: string; message?: string; details?: Refused['details'] } = {};
    try {
      error = (JSON.parse(text) as { error: typeof error }).error;
    } catch {
      // An answer without a body says it by its status alone.
    }
    super(error.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = error.code ?? String(status);
    this.details = error.details ?? [];
    this.retryAfter = Number(header('retry-after')) || null;
  }
}

export interface CallOptions {
  headers?: Record<string, string>;
  body?: XMLHttpRequestBodyInit;
  signal: AbortSignal;
  /** Bytes of the body that are over. */
  sent?(bytes: number): void;
}

/** Throws `LineBroke`, `Refused`, and the signal's reason. */
export function call(method: string, path: string, { headers = {}, body, signal, sent }: CallOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener('abort', abort, { once: true });
    request.open(method, path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (sent) request.upload.addEventListener('progress', ({ loaded }) => sent(loaded));
    request.addEventListener('loadend', () => {
      signal.removeEventListener('abort', abort);
      const { status, responseText: text } = request;
      const answer = { status, text, header: (name: string) => request.getResponseHeader(name) };
      if (signal.aborted) reject(signal.reason);
      else if (status === 0) reject(new LineBroke());
      else if (status >= 400) reject(new Refused(answer));
      else resolve(answer);
    });
    request.send(body ?? null);
  });
}

const LONGEST_WAIT_S = 30;

/** Tries again what may pass (a broken line, a full minute, a restart), with growing pauses, until it is given up. */
export async function patiently<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  waits: (seconds: number) => void,
): Promise<T> {
  for (let wait = 1; ; wait = Math.min(LONGEST_WAIT_S, wait * 2)) {
    try {
      return await work();
    } catch (error) {
      const mayPass =
        error instanceof LineBroke || (error instanceof Refused && [409, 429, 503].includes(error.status));
      if (!mayPass || (error instanceof Refused && error.code === 'BATCH_ALREADY_EXISTS')) throw error;
      const seconds = (error instanceof Refused && error.retryAfter) || wait;
      waits(seconds);
      await pause(seconds, signal);
    }
  }
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
