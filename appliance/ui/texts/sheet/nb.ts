import type { SheetTexts } from './en.ts';

export const sheet: SheetTexts = {
  title: (page, of) => `Side ${page} av ${of}`,
  show: 'Vis siden',
  onPage: 'Vis meg på siden',
  picture: 'Siden slik den ser ut',
  notYours: 'Bildet vises til den som administrerer leietakeren.',
  noPicture: 'Dette formatet har ingen sider å avbilde; teksten står nedenfor.',
  recognised: (certainty) => `Teksten ble gjenkjent fra et bilde, ${certainty} sikkert.`,
  covered: 'Malt over',
  coveredSays:
    'Steder som kontrollene sladdet eller holder tilbake, er malt over i bildet. Der personopplysninger tas ut, mangler også det ingen kontroll har lest (topp- og bunntekst, figurer).',
  text: 'Tekst',
  table: 'Tabell',
  heading: 'Overskrift',
  figure: 'Figur',
  hidden: 'Skjult tekst',
  hiddenSays: (characters) => `${characters} tegn som en leser ikke ser`,
  dropped: 'Utelatt',
  droppedNone: 'Ingenting på denne siden ble utelatt.',
  apart: 'Holdt tilbake av kontrollene',
  previous: 'Siden før',
  next: 'Siden etter',
  all: 'Hele dokumentet',
};
