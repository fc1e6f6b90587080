import type { BoxTexts } from './en.ts';

export const box: BoxTexts = {
  title: 'Gerät',
  says: 'Was hier läuft, und ob es ihm gut geht.',
  well: 'Alles ist in Ordnung',
  unwell: (count) => (count === 1 ? '1 Teil ist nicht in Ordnung' : `${count} Teile sind nicht in Ordnung`),
  version: 'Version',
  mode: 'Betriebsart',
  modes: { embedded: 'eingebettet: ein Prozess, Dateien', stack: 'Verbund: Server in Containern' },
  since: 'Läuft seit',
  parts: 'Teile',
  part: 'Teil',
  state: 'Zustand',
  ok: 'in Ordnung',
  bad: 'nicht in Ordnung',
  remark: 'Bemerkung',
  atTheBox: 'Am Gerät',
  atTheBoxSays:
    'Diese sehen sich den Rechner selbst an, was keine Seite darf: sie laufen dort, als root, und brauchen kein Netz.',
  commands: {
    doctor: 'Vergleicht den Rechner mit dem, was er sein soll, und nennt zu jedem Unterschied, was zu tun ist.',
    verify: 'Prüft jedes Byte der Installation und jedes Image gegen das signierte Manifest.',
    boundary:
      'Sagt, wohin die Daten dieses Geräts gehen: Netze, Öffnungen, Speicher, Schlüssel. Signiert vom Schlüssel des Rechners.',
    evidence: 'Das Protokoll jeder Installation, Erneuerung und Prüfung, signiert, um anderswo geprüft zu werden.',
    support: 'Was ein Helfer braucht, ohne Namen und Geheimnisse; Sie lesen es, bevor Sie es senden.',
  },
};
