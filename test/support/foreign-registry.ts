import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry with one image of others, under every tag and name, on loopback. */
export interface ForeignRegistry {
  origin: string;
  /** Digests of its image. */
  manifest: string;
  config: string;
  /** Bytes of its blobs and its manifest. */
  size: number;
  end(): Promise<void>;
}

export async function foreignRegistry(): Promise<ForeignRegistry> {
  const blobs = new Map<string, Buffer>();
  const put = (content: string | Buffer) => {
    const bytes = Buffer.from(content);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    blobs.set(digest, bytes);
    return { mediaType: 'application/octet-stream', digest, size: bytes.length };
  };
  // A tar of nothing.
  const layer = put(Buffer.alloc(1024));
  const config = put(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [layer.digest] } }));
  const manifest = put(JSON.stringify({ schemaVersion: 2, config, layers: [layer] }));
  const server = createServer((request, answer) => {
    const named = /\/(?:blobs|manifests)\/([^/]+)$/.exec(request.url ?? '')?.[1] ?? '';
    answer.end(blobs.get(named) ?? blobs.get(manifest.digest));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    manifest: manifest.digest,
    config: config.digest,
    size: layer.size + config.size + manifest.size,
    end: () => new Promise((done) => server.close(() => done())),
  };
}
