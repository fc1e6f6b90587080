import type { Failure } from '../failure.ts';

export const INSTALLATION_FAILURES: readonly Failure[] = [
  {
    code: 'settings-invalid',
    group: 'Installation',
    title: 'The settings cannot be read',
    why: 'Control and gateway refuse to start with settings that they do not understand in full.',
    mend: 'frostbyte config check names every mistake at once. Mend the file, and restart.',
    severity: 'trouble',
    recognise: ({ settings_problem }) => (settings_problem === null ? [] : [settings_problem]),
  },
  {
    code: 'operation-unfinished',
    group: 'Installation',
    title: 'An operation was left in the middle',
    why: 'It was killed, failed, or waits for a person. The host is between two states.',
    mend: 'frostbyte plan show says where it is; frostbyte plan resume goes on, frostbyte plan rollback goes back.',
    severity: 'trouble',
    recognise: ({ installation: { unfinished } }) => {
      if (unfinished === null) return [];
      const { title, phase, message } = unfinished;
      return [`${title}${phase === null ? '' : `, in the phase ${phase}`}${message === null ? '' : `: ${message}`}`];
    },
  },
  {
    code: 'journal-damaged',
    group: 'Installation',
    title: 'The journal of an operation is damaged',
    why: 'A disk lost or changed what was written. By half a journal nothing is done or undone.',
    mend: 'Look at the disk (dmesg, SMART), and at log.txt beside the journal. Move the folder away once you know what it did.',
    severity: 'trouble',
    recognise: ({ installation: { journal_problem } }) => (journal_problem === null ? [] : [journal_problem]),
  },
  {
    code: 'release-broken',
    group: 'Installation',
    title: 'Files of the release are missing',
    why: 'Something was deleted, or a disk lost it.',
    mend: 'Run install.sh from the medium again: it puts back what is missing. Data are not touched.',
    severity: 'trouble',
    recognise: ({ installation: { state, reason } }) => (state === 'broken' ? [reason ?? 'it is not whole'] : []),
  },
  {
    code: 'unit-changed',
    group: 'Installation',
    title: 'A service is not as the release writes it',
    why: 'Somebody edited the unit. What confines it may be gone.',
    mend: 'Run install.sh again: it writes the unit as it should be. What the site wants differently belongs into a drop-in (systemctl edit).',
    severity: 'warning',
    recognise: ({ installation: { changed_units } }) => changed_units,
  },
  {
    code: 'evidence-broken',
    group: 'Installation',
    title: 'The evidence is not what was written',
    why: 'Records of who did what were changed, taken away or lost.',
    mend: 'Keep the files as they are, and compare with the last export: frostbyte evidence verify --export FOLDER. Tell the security officer.',
    severity: 'trouble',
    recognise: ({ installation: { evidence_problem } }) => (evidence_problem === null ? [] : [evidence_problem]),
  },
];
