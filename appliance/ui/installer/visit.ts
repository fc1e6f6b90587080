import type { PageParts } from '../parts/layout.tsx';
import type { Arrival, Visit } from '../visit.ts';
import type { Choices, Installer } from './port.ts';

/** One request for a page of the installer, by whoever typed the terminal's code. */
export interface InstallerVisit extends Pick<Visit, 'form' | 'mark'>, Omit<Arrival, 'request' | 'assets'> {
  installer: Installer;
  /** What was chosen so far. */
  choices: Choices;
  /** Keeps other choices for the pages to come. */
  choose(choices: Partial<Choices>): void;
}

export interface InstallerPage {
  method: 'get' | 'post';
  path: string;
  show(visit: InstallerVisit): Promise<PageParts | { goTo: string } | { save: SaveAs }>;
}

/** A file that the browser saves. */
export interface SaveAs {
  name: string;
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
}
