import { FrostbyteError } from '../../kernel/errors.ts';
import { nearest } from '../../kernel/nearest.ts';

/** Embedding models by name: those that could be here, and those that are. */
export interface Models {
  known: readonly string[];
  present: readonly string[];
  /** Of those that are, the one that an endpoint has: for tenants that embed online. */
  online?: string;
}

/**
 * Throws `VALIDATION_ERROR` for a configuration, or a change of one, that pins a tenant to a model that no tenant can use
 * here: its texts would become vectors by nothing. `mode` is the tenant's where the configuration does not say it.
 */
export async function checkPin(models: () => Promise<Models>, config: unknown, mode = 'offline'): Promise<void> {
  const { embedding_model: name, embedding_mode = mode } = (config ?? {}) as Record<string, unknown>;
  // What is no name at all, the schema says.
  if (typeof name !== 'string') return;
  const { known, present, online } = await models();
  if (name === online && embedding_mode !== 'online') throw staysHere(name);
  if (present.includes(name)) return;
  const meant = nearest(name, known);
  const message = known.includes(name)
    ? `The model ${name} is not here. Bring it (frostbyte model import), start the appliance again, then pin the tenant to it.`
    : `There is no model ${name}${meant === null ? '' : ` (did you mean ${meant}?)`}. \`frostbyte model list\` names them.`;
  throw new FrostbyteError('VALIDATION_ERROR', message, {
    details: [{ field: 'embedding_model', value: name, constraint: `one of ${present.join(', ')}` }],
  });
}

function staysHere(name: string): FrostbyteError {
  return new FrostbyteError(
    'VALIDATION_ERROR',
    `The model ${name} is the endpoint’s, and this tenant embeds offline: its documents would wait for ever. Set embedding_mode to online with it, or pin the tenant to a model that is here.`,
    { details: [{ field: 'embedding_model', value: name, constraint: 'needs embedding_mode online' }] },
  );
}
