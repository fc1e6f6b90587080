/** Images as they are brought: what they are, and where their blobs come from. */
export interface BroughtImage {
  /** The name that it gets: `frostbyte.local/<name>:<release>`. */
  reference: string;
  /** Its id on the classic image store. */
  config: Blob;
  /** Its id on containerd's. */
  manifest: Blob;
  layers: readonly (Blob & {
    /** The digest of what it unpacks to. */
    diff_id: string;
    /** How it can be unpacked on the way, and to how many bytes; null: the engine does it. */
    unpack: { unpacked: number } | null;
  })[];
}

export interface Blob {
  /** `sha256:…` of its bytes. */
  digest: string;
  size: number;
  media_type: string;
}

/** Reads a blob's bytes; they are held against their digest by whoever reads. */
export type OpenBlob = (digest: string) => AsyncIterable<Uint8Array>;

/** What the loader needs of an engine. */
export interface ImageStore {
  /** `classic`: images by their configuration. `containerd`: by their manifest. */
  kind(): Promise<'classic' | 'containerd'>;
  /** The id of an image, by its name or its id; null where the engine has none of that. */
  idOf(reference: string): Promise<string | null>;
  /** Whether a container can be made of it: a store may name an image that it does not have. */
  canMake(reference: string): Promise<boolean>;
  /** Gives an image that is there another name beside those that it has. */
  name(id: string, reference: string): Promise<void>;
  /** The layers of every image that is there, from the system up, by their diff ids. */
  layers(): Promise<string[][]>;
  /** Loads from a tar, piece by piece. Throws `SERVICE_UNAVAILABLE` with what the engine says. */
  load(tar: AsyncIterable<Uint8Array>): Promise<void>;
}
