import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What browsers load: the style, the one client and its worker, as the build made them, under names that hold their hashes. */
export interface Asset {
  bytes: Uint8Array<ArrayBuffer>;
  type: string;
}

export type AssetName = 'page.js' | 'hash-files.js' | 'style.css' | 'mark.svg';

export interface Assets {
  /** The address of an asset; null where none was built: pages work without. */
  address(name: AssetName): string | null;
  /** By the last part of its address. */
  file(name: string): Asset | null;
}

/** Below this the assets are served. */
export const ASSET_PATH = '/ui';

const TYPES: Readonly<Record<string, string>> = Object.freeze({
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
});

/** Reads the built assets, all of them, once. Empty where nothing was built, as in a run from the sources. */
export function loadAssets(folder: string = builtFolder()): Assets {
  const list = join(folder, 'assets.json');
  const names = existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as Partial<Record<AssetName, string>>) : {};
  const files = new Map(
    Object.values(names).map((name) => [
      name,
      { bytes: new Uint8Array(readFileSync(join(folder, name))), type: TYPES[name.split('.').at(-1)!]! },
    ]),
  );
  return {
    address: (name) => (names[name] === undefined ? null : `${ASSET_PATH}/${names[name]}`),
    file: (name) => files.get(name) ?? null,
  };
}

/** Beside the bundled program; of a checkout, in what was built of it last. */
function builtFolder(): string {
  const fromSources = import.meta.url.endsWith('/appliance/ui/assets.ts');
  return fileURLToPath(new URL(fromSources ? '../../dist/assets/ui' : './assets/ui', import.meta.url));
}
