import type { createUi } from '../ui/app.ts';

/** The user interface, loaded where a door opens: commands that open none start without it. */
export async function loadPages(): Promise<typeof createUi> {
  // The build sets it, and leaves out what only sources need.
  if (process.env.FROSTBYTE_BUNDLED === undefined) await import('./compile-pages.ts');
  return (await import('../ui/app.ts')).createUi;
}
