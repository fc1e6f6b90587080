/** The images that containers are started from, and the user that each runs as (`images/NAME/recipe.yaml`). */
export const IMAGE_USERS = Object.freeze({ postgres: 5432, objects: 9000, redis: 6379, clamav: 3310, appliance: 7600 });

export type ImageName = keyof typeof IMAGE_USERS;

/** The name that an image has on every box: private, so that no registry is ever asked for it (spec 7, "Images"). */
export function imageReference(name: ImageName, release: string): string {
  return `frostbyte.local/${name}:${release}`;
}
