import { FrostbyteError } from '../../kernel/errors.ts';

/**
 * Throws `VALIDATION_ERROR` where a tenant is to embed online and no endpoint can be reached: its documents would wait for
 * ever. What has no such field, or no right one, is checked elsewhere.
 */
export function checkEmbeddingMode(config: unknown, hasEndpoint: boolean): void {
  const mode = (config as { embedding_mode?: unknown } | null | undefined)?.embedding_mode;
  if (mode !== 'online' || hasEndpoint) return;
  throw new FrostbyteError(
    'VALIDATION_ERROR',
    'This appliance has no endpoint to embed with, so no tenant is online.',
    {
      details: [
        {
          field: 'embedding_mode',
          value: mode,
          constraint: 'online needs an endpoint in the appliance’s settings: embedder.endpoint.url',
        },
      ],
    },
  );
}
