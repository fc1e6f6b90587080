import { refuse } from './answer.ts';
import { Collection } from './collection.ts';

const FORBIDDEN = /["*/:<>?\\|\0]/;

/** All that the server holds. */
export class World {
  readonly collections = new Map<string, Collection>();
  /** Alias to collection. */
  readonly aliases = new Map<string, string>();

  /** The collection of that name, or behind that alias. */
  get(name: string): Collection {
    const collection = this.collections.get(this.aliases.get(name) ?? name);
    if (collection === undefined) refuse(404, `Not found: Collection \`${name}\` doesn't exist!`);
    return collection;
  }

  create(name: string, body: unknown): void {
    const wrong = FORBIDDEN.exec(name)?.[0];
    if (wrong !== undefined)
      refuse(
        422,
        `Validation error in path parameters: [collection_name: collection name cannot contain "${wrong}" char]`,
      );
    const collection = Collection.from(name, body);
    if (this.collections.has(name)) refuse(409, `Wrong input: Collection \`${name}\` already exists!`);
    this.collections.set(name, collection);
  }

  drop(name: string): boolean {
    for (const [alias, target] of this.aliases) if (target === name) this.aliases.delete(alias);
    return this.collections.delete(name);
  }

  hasValues = (name: string, matches: { key: string; value: unknown }[]): boolean => {
    const points = [...(this.collections.get(name)?.points.values() ?? [])];
    return points.some(({ payload }) => matches.every(({ key, value }) => payload[key] === value));
  };
}
