import { canonicalJson } from '../../kernel/canonical-json.ts';
import { prefixedSha256 } from '../../kernel/digest.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Engine } from './engine.ts';
import { bodyOf, type NewContainer } from './new-container.ts';

/** On each container that control made: from what. */
const MADE_FROM = 'frostbyte.made-from';

/**
 * The container as it is wanted, made where it is missing, and made anew where it is another: by its image, its
 * settings, or a network that was made anew since. Gives its id; it may run or not. Throws `SERVICE_UNAVAILABLE`.
 */
export async function settleContainer(engine: Engine, wanted: NewContainer): Promise<string> {
  const image = await engine.image(wanted.image);
  if (image === null) {
    throw new FrostbyteError(
      'SERVICE_UNAVAILABLE',
      `The container engine has no image ${wanted.image}. Load the images of this release.`,
      { kind: 'never' },
    );
  }
  const madeFrom = prefixedSha256(canonicalJson([image, bodyOf(wanted)]));
  const found = await engine.container(wanted.name);
  if (found !== null) {
    const name = wanted.network === null || 'of' in wanted.network ? null : wanted.network.name;
    const network = name === null ? null : await engine.network(name);
    const attached = name === null ? undefined : found.networks.get(name);
    if (found.labels[MADE_FROM] === madeFrom && attached?.id === network?.id) return found.id;
    await engine.remove(found.id);
  }
  return engine.createContainer({ ...wanted, labels: { ...wanted.labels, [MADE_FROM]: madeFrom } });
}
