import http from 'node:http';
import https from 'node:https';
import { type ServerTls, tlsOptions } from '../../../kernel/server-tls.ts';
import { Refusal, Silence } from './refusal.ts';

/** Where the server is and how it is spoken to. */
export interface ConnectionOptions {
  /** `http://host:port` or `https://host:port`. */
  endpoint: string;
  /** Certificates, for `https`. */
  tls?: ServerTls;
  /** How long the server may say nothing before a call fails, in milliseconds. */
  silenceMs?: number;
  /** Connections at a time; further calls wait for one. */
  sockets?: number;
}

/** Long enough for a server that copies 64 MiB on a disk that others use too. */
const SILENCE_MS = 30_000;
const SOCKETS = 16;
/** Idle connections are given up before the server does it (30 s), so that no call meets a closed one. */
const IDLE_MS = 15_000;
const LONGEST_ERROR = 64 << 10;

/**
 * Connections to one server. `request` has the shape of `http.request`, which is what the client library and the admin
 * calls take; it gives up on silence, and any answer that is no success becomes a `Refusal`.
 */
export class Connection {
  readonly endpoint: URL;
  readonly secure: boolean;
  readonly agent: http.Agent;
  readonly silenceMs: number;

  constructor(options: ConnectionOptions) {
    this.endpoint = new URL(options.endpoint);
    this.secure = this.endpoint.protocol === 'https:';
    this.silenceMs = options.silenceMs ?? SILENCE_MS;
    const shared = {
      keepAlive: true,
      maxSockets: options.sockets ?? SOCKETS,
      timeout: IDLE_MS,
      // The one that was used last: the others may then go idle and close.
      scheduling: 'lifo',
      // A body in two packets must not wait for an acknowledgement that the other side delays by 40 ms.
      noDelay: true,
    } as const;
    this.agent = this.secure
      ? new https.Agent({
          ...shared,
          ...tlsOptions(options.tls ?? {}),
        })
      : new http.Agent(shared);
  }

  get port(): number {
    return Number(this.endpoint.port) || (this.secure ? 443 : 80);
  }

  request(options: http.RequestOptions, answered: (response: http.IncomingMessage) => void): http.ClientRequest {
    const request = (this.secure ? https : http).request({ ...options, agent: this.agent }, (response) => {
      if ((response.statusCode ?? 0) < 300) answered(response);
      else void refuse(request, response);
    });
    request.setTimeout(this.silenceMs);
    request.on('timeout', () => request.destroy(new Silence(this.silenceMs)));
    return request;
  }

  /** One whole call with a small answer. Throws `Refusal`, `Silence` or what the network says. */
  call(method: string, path: string, headers: http.OutgoingHttpHeaders, body: Uint8Array): Promise<Buffer> {
    const { hostname } = this.endpoint;
    return new Promise((resolve, reject) => {
      const options = { method, path, headers, hostname: bare(hostname), port: this.port };
      const request = this.request(options, (response) => gather(response).then(resolve, reject));
      request.on('error', reject);
      request.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Host names as sockets take them: an IPv6 address without its brackets. */
export function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** Reads why the server refused, which also frees the connection, and ends the request with it. */
async function refuse(request: http.ClientRequest, response: http.IncomingMessage): Promise<void> {
  const status = response.statusCode ?? 0;
  try {
    const told = response.headers['x-minio-error-code'];
    const body = (await gather(response, LONGEST_ERROR)).toString('utf8');
    const said = /<Code>([A-Za-z0-9]{1,80})<\/Code>/.exec(body)?.[1] ?? /"Code":"([A-Za-z0-9]{1,80})"/.exec(body)?.[1];
    const code = said ?? (typeof told === 'string' ? told : undefined) ?? (status === 404 ? 'NotFound' : `${status}`);
    request.emit('error', new Refusal(status, code));
  } catch (error) {
    request.emit('error', error);
  }
}

/** All bytes of an answer; of a longer one than `most` the first of them. */
export async function gather(response: http.IncomingMessage, most = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (bytes < most) chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).byteLength;
  }
  return Buffer.concat(chunks);
}
