import { FrostbyteError } from '../../kernel/errors.ts';
import { nearest } from '../../kernel/nearest.ts';

/** Embedding models by name: those that could be here, and those that are. */
export interface Models {
  known: readonly string[];
  present: readonly string[];
}

/**
 * Throws `VALIDATION_ERROR` for a configuration, or a change of one, that pins a tenant to a model that no tenant can use
 * here: its texts would become vectors by nothing.
 */
export async function checkPin(models: () => Promise<Models>, config: unknown): Promise<void> {
  const name = (config as { embedding_model?: unknown } | null | undefined)?.embedding_model;
  // What is no name at all, the schema says.
  if (typeof name !== 'string') return;
  const { known, present } = await models();
  if (present.includes(name)) return;
  const meant = nearest(name, known);
  const message = known.includes(name)
    ? `The model ${name} is not here. Bring it (frostbyte model import), start the appliance again, then pin the tenant to it.`
    : `There is no model ${name}${meant === null ? '' : ` (did you mean ${meant}?)`}. \`frostbyte model list\` names them.`;
  throw new FrostbyteError('VALIDATION_ERROR', message, {
    details: [{ field: 'embedding_model', value: name, constraint: `one of ${present.join(', ')}` }],
  });
}
