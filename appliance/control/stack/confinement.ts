/** What a container may take of the box, whoever starts it. */
export interface Limits {
  memoryMb: number;
  /** In processors; 0.5 is half of one. */
  cpus: number;
  processes: number;
  openFiles: number;
}

/** A folder on memory of a container's own: what lies there is on no disk, and gone with it. */
export interface MemoryFolder {
  path: string;
  /** Its owner; the group has the same number. */
  uid: number;
  sizeMb: number;
}

/** With what it may write without a folder of its own: memory, counted in the above. */
export interface ContainerLimits extends Limits {
  scratchMb: number;
}

/** Where a container may write what needs no folder of its own. */
export const SCRATCH_FOLDER = '/tmp';

/**
 * What every container is held to, of the core stack and of tenants alike (spec 7, "Compose"). Compose is told it in files
 * (`scripts/compose/`), the engine by `bodyOf`: both read it here.
 */
export const CONFINEMENT = Object.freeze({
  readOnly: true,
  capDrop: Object.freeze(['ALL']),
  securityOpt: Object.freeze(['no-new-privileges=true']),
  /** Names of others are not resolved: a question to a resolver is a way out. */
  dns: Object.freeze(['127.0.0.1']),
  /** After a boot the secrets are not there yet: control starts it when they are. */
  restart: 'no',
  /** What the engine keeps of what it says. */
  log: Object.freeze({ driver: 'json-file', options: Object.freeze({ 'max-size': '10m', 'max-file': '3' }) }),
});

/** How a folder on memory is mounted: nobody else's, nothing in it is run. */
export function memoryOptions({ uid, sizeMb }: MemoryFolder): string {
  return `uid=${uid},gid=${uid},mode=0700,size=${sizeMb}m,noexec,nosuid,nodev`;
}

/** A container's limits, as the engine is told them. */
export function limited(
  { scratchMb, ...limits }: ContainerLimits,
  uid: number,
): Limits & { memoryFolders: MemoryFolder[] } {
  return { ...limits, memoryFolders: [{ path: SCRATCH_FOLDER, uid, sizeMb: scratchMb }] };
}
