import { measureMinio } from './adapters/minio.ts';

/**
 * What an adapter's call costs beside the bare request, in one run: p50 of both, and their ratio. None may pay a stall
 * of the line.
 */
export function measure(): Promise<string[]> {
  return measureMinio();
}
