import type { PageParts } from '../parts/layout.tsx';
import type { Arrival, Visit } from '../visit.ts';
import type { Choices, Installer } from './port.ts';

/** One request for a page of the installer, by whoever typed the terminal's code. */
export interface InstallerVisit extends Pick<Visit, 'form' | 'mark'>, Omit<Arrival, 'request' | 'query' | 'assets'> {
  installer: Installer;
  /** What was chosen so far. */
  choices: Choices;
  /** Keeps other choices for the pages to come. */
  choose(choices: Partial<Choices>): void;
}

/** What a form sent in a field, as one line: what is handed on as a word holds nothing that ends one. */
export function line({ form }: Pick<Visit, 'form'>, field: string): string {
  return String(form.get(field) ?? '')
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim();
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
