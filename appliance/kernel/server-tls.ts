/** How a server is spoken to over TLS (spec 8: TLS 1.3). Certificates and keys as PEM text. */
export interface ServerTls {
  /** The authority that signed the server's certificate, and no other; without it the system's count. */
  ca?: string;
  /** The name that the certificate must hold, where it is not the host that is dialled. */
  servername?: string;
  /** What is shown to a server that asks for a certificate. Secret: the key. */
  cert?: string;
  key?: string;
}

/** As Node's `tls.connect` takes it: whatever the environment says, a certificate is looked at. */
export function tlsOptions(tls: ServerTls): ServerTls & { rejectUnauthorized: true; minVersion: 'TLSv1.3' } {
  return { ...tls, rejectUnauthorized: true, minVersion: 'TLSv1.3' };
}

/** By the code that OpenSSL or Node gives, the first match wins: what is wrong, and what to do. */
const REFUSALS: readonly (readonly [RegExp, (server: string, error: object) => string])[] = Object.freeze([
  [
    /^CERT_HAS_EXPIRED$/,
    (server) => `The certificate of ${server} has expired. Renew it, or set the clock of this box right.`,
  ],
  [
    /^CERT_NOT_YET_VALID$/,
    (server) => `The certificate of ${server} is not valid yet. Set the clock of this box right.`,
  ],
  [
    /^(?:ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    (server, error) => `The certificate of ${server} is for another name${asked(error)}. Issue one for that name.`,
  ],
  [
    /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|INVALID_CA|INVALID_PURPOSE)/,
    (server) =>
      `The certificate of ${server} is not signed by the authority that was given. Name the one that signed it as the CA.`,
  ],
  [
    /^ERR_SSL_.*(?:CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR)/,
    (server) =>
      `The server asks for a certificate that it knows, and gets none: ${server}. Give one that its authority signed.`,
  ],
  [
    /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|.*PROTOCOL)/,
    (server) => `TLS 1.3 is not what is spoken by ${server}. Give it a certificate, or take the way without TLS.`,
  ],
  [/^ERR_(?:SSL|TLS)_/, (server) => `TLS with ${server} failed. Look at its log, and at its certificate.`],
]);

/**
 * What went wrong with certificates, in a sentence that names the server (such as `the database`) and says what to do;
 * null where an error is about something else. Looks through the causes.
 */
export function tlsRefusal(error: unknown, server: string): string | null {
  for (let at = error, depth = 0; at !== null && typeof at === 'object' && depth < 5; depth++) {
    const code = codeOf(at);
    const found = REFUSALS.find(([pattern]) => pattern.test(code));
    if (found !== undefined) return found[1](server, at);
    at = (at as { cause?: unknown }).cause;
  }
  return null;
}

/** Node's code; where all that it says is that a write failed, OpenSSL's reason as Node writes it elsewhere. */
function codeOf(error: object): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const reason = code === 'EPROTO' ? /:SSL routines:[^:]*:([^:]+):/.exec(String(message))?.[1] : undefined;
  if (reason !== undefined) return `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`;
  return typeof code === 'string' ? code : '';
}

function asked(error: object): string {
  const { host } = error as { host?: unknown };
  return typeof host === 'string' && /^[\w.:-]{1,253}$/.test(host) ? ` than ${host}` : '';
}
