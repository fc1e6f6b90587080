/**
 * The images that containers are started from, and the user that each runs as: its own (`images/NAME/recipe.yaml`), or, for
 * one that comes from elsewhere, the one that it is started as.
 */
export const IMAGE_USERS = Object.freeze({
  postgres: 5432,
  objects: 9000,
  redis: 6379,
  clamav: 3310,
  appliance: 7600,
  qdrant: 6333,
});

export type ImageName = keyof typeof IMAGE_USERS;

/** What the names of our images begin with on every box. */
export const PRIVATE_NAMES = 'frostbyte.local/';

/** The name that an image has on every box: private, so that no registry is ever asked for it (spec 7, "Images"). */
export function imageReference(name: ImageName, release: string): string {
  return `${PRIVATE_NAMES}${name}:${release}`;
}
