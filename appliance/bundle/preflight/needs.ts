import type { BundleManifest } from '../format/manifest.ts';

/** What a release asks of a host: minimums from its manifest, and where it wants to be. */
export interface Needs {
  version: string;
  arch: BundleManifest['arch'];
  counter: number;
  /** Seconds since 1970. */
  built_at: number;
  upgrade_from: BundleManifest['upgrade_from'];
  requirements: BundleManifest['requirements'];
  /** Bytes of the release as it lies on the host, and of its images as the engine unpacks them. */
  program_bytes: number;
  image_bytes: number;
  /** The bundle can install a Docker Engine, and a Compose, of its own. */
  brings_engine: boolean;
  brings_compose: boolean;
  /** With the engine, what filters packets: it needs that itself. */
  brings_packet_filter: boolean;
  subnet: string;
  port: number;
}

/** Layers are packed on the medium, and larger in the engine. */
const UNPACKED = 3;

/** What the release of a manifest needs. */
export function needsOf(manifest: BundleManifest, place: Pick<Needs, 'subnet' | 'port'>): Needs {
  const { version, arch, counter, built_at, upgrade_from, requirements, files, images, components } = manifest;
  return {
    version,
    arch,
    counter,
    built_at,
    upgrade_from,
    requirements,
    program_bytes: files.reduce((sum, { size }) => sum + size, 0),
    image_bytes: images.reduce((sum, { size }) => sum + size, 0) * UNPACKED,
    brings_engine: components.some(({ name, present }) => name === 'engine-packages' && present),
    brings_packet_filter: files.some(({ path }) => /^host\/engine\/iptables_/.test(path)),
    brings_compose: files.some(({ path }) => path === 'host/docker-compose'),
    ...place,
  };
}
