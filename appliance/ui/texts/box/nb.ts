import type { BoxTexts } from './en.ts';

export const box: BoxTexts = {
  title: 'Apparatet',
  says: 'Hva som kjører her, og om det har det bra.',
  well: 'Alt er i orden',
  unwell: (count) => (count === 1 ? '1 del er ikke i orden' : `${count} deler er ikke i orden`),
  version: 'Versjon',
  mode: 'Driftsmåte',
  modes: { embedded: 'innebygd: én prosess, filer', stack: 'stabel: tjenere i containere' },
  since: 'Kjører siden',
  parts: 'Deler',
  part: 'Del',
  state: 'Tilstand',
  ok: 'i orden',
  bad: 'ikke i orden',
  remark: 'Merknad',
  atTheBox: 'Ved apparatet',
  atTheBoxSays: 'Disse ser på selve maskinen, noe ingen side får: de kjøres der, som root, og trenger ikke nett.',
  commands: {
    doctor: 'Sammenligner maskinen med slik den skal være, og sier hva som kan gjøres med det som avviker.',
    verify: 'Kontrollerer hver byte av installasjonen og hvert image mot det signerte manifestet.',
    boundary: 'Sier hvor dataene på dette apparatet går: nett, åpninger, lagre, nøkler. Signert av maskinens nøkkel.',
    evidence: 'Loggen over hver installasjon, oppgradering og kontroll, signert, for å kontrolleres et annet sted.',
    support: 'Det en hjelper trenger, uten navn og hemmeligheter; du leser det før du sender det.',
  },
};
