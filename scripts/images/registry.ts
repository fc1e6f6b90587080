/** Reads an image from a registry (OCI distribution-spec 1.1): by digest alone, and every byte is held against it. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { OCI_MEDIA } from '../../appliance/bundle/format/oci.ts';

const ACCEPTED = [
  OCI_MEDIA.manifest,
  OCI_MEDIA.index,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');
/** Longest silence, before an answer and within it: a large layer on a slow line takes as long as it takes. */
const SILENCE_MS = 60_000;
const MOST_MANIFEST = 4 << 20;

export interface Registry {
  /** What a tag names at present: to be pinned, and by whoever looks at it. */
  digestOf(tag: string): Promise<string>;
  /** A manifest or an index, by its digest. */
  manifest(digest: string): Promise<Buffer>;
  /** Writes a blob into a file. */
  blob(digest: string, to: string): Promise<void>;
}

/** The repository `name` of the registry at `origin`. Nothing is asked before it is needed. */
export function openRegistry(origin: string, name: string, { silenceMs = SILENCE_MS } = {}): Registry {
  let token: string | null = null;
  const get = async (path: string, accept: string): Promise<AsyncIterable<Uint8Array>> => {
    const url = `${origin.replace(/\/+$/, '')}/v2/${name}/${path}`;
    for (const isAgain of [false, true]) {
      const headers = { accept, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
      const patience = patienceOf(silenceMs);
      const answer = await fetch(url, { headers, signal: patience.signal }).catch((cause: unknown) => {
        patience.end();
        // It is there, and says nothing.
        if (patience.signal.aborted) throw patience.signal.reason;
        throw new Error(`the registry ${origin} cannot be reached`, { cause });
      });
      if (answer.ok) return piecesOf(answer, patience);
      patience.end();
      const challenge = answer.headers.get('www-authenticate');
      await answer.body?.cancel();
      if (answer.status !== 401 || challenge === null || isAgain)
        throw new Error(`the registry ${origin} answers ${answer.status} for ${name} ${path}`);
      token = await tokenFor(challenge, name);
    }
    throw new Error('unreachable');
  };
  const named = async (reference: string): Promise<Buffer> => {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of await get(`manifests/${reference}`, ACCEPTED)) {
      size += piece.length;
      if (size > MOST_MANIFEST) throw new Error(`${reference} is too large for a manifest`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  };
  return {
    digestOf: async (tag) => `sha256:${sha256Of(await named(tag))}`,
    async manifest(digest) {
      const bytes = await named(digest);
      hold(digest, sha256Of(bytes));
      return bytes;
    },
    async blob(digest, to) {
      const hash = createHash('sha256');
      const answer = await get(`blobs/${digest}`, '*/*');
      const pieces = async function* () {
        for await (const piece of answer) {
          hash.update(piece);
          yield piece;
        }
      };
      await pipeline(pieces, createWriteStream(to));
      hold(digest, hash.digest('hex'));
    },
  };
}

/** Ends a request once nothing was heard of it for so long. */
function patienceOf(ms: number) {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(new Error(`nothing came for ${ms / 1000} s`)), ms);
  return { signal: silent.signal, heard: () => timer.refresh(), end: () => clearTimeout(timer) };
}

async function* piecesOf({ body }: Response, patience: ReturnType<typeof patienceOf>): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body ?? []) {
      patience.heard();
      yield piece;
    }
  } finally {
    patience.end();
  }
}

/** `Bearer realm="…",service="…",scope="…"` */
async function tokenFor(challenge: string, name: string): Promise<string> {
  const field = (key: string) => new RegExp(`${key}="([^"]*)"`).exec(challenge)?.[1];
  const realm = field('realm');
  if (!/^bearer /i.test(challenge) || realm === undefined)
    throw new Error('the registry asks for what is not understood');
  const url = new URL(realm);
  const service = field('service');
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', field('scope') ?? `repository:${name}:pull`);
  const answer = await fetch(url, { signal: AbortSignal.timeout(SILENCE_MS) });
  if (!answer.ok) throw new Error(`the registry gives no token for ${name}: ${answer.status}`);
  const { token, access_token } = (await answer.json()) as { token?: string; access_token?: string };
  return token ?? access_token ?? '';
}

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function hold(digest: string, is: string): void {
  if (digest !== `sha256:${is}`) throw new Error(`the registry gave sha256:${is} for ${digest}`);
}
