import type { SheetTexts } from './en.ts';

export const sheet: SheetTexts = {
  title: (page, of) => `Seite ${page} von ${of}`,
  show: 'Seite zeigen',
  onPage: 'Auf der Seite zeigen',
  picture: 'Die Seite, wie sie aussieht',
  notYours: 'Ihr Bild sieht, wer den Mandanten verwaltet.',
  noPicture: 'Dieses Format hat keine Seiten, die man abbilden könnte; sein Text steht unten.',
  recognised: (certainty) => `Der Text wurde aus einem Bild erkannt, zu ${certainty} sicher.`,
  covered: 'Übermalt',
  coveredSays:
    'Stellen, die die Prüfungen schwärzten oder zurückhalten, sind im Bild übermalt. Wo personenbezogene Daten entfernt werden, fehlt auch, was keine Prüfung las (Kopf- und Fußzeilen, Abbildungen).',
  text: 'Text',
  table: 'Tabelle',
  heading: 'Überschrift',
  figure: 'Abbildung',
  hidden: 'Verborgener Text',
  hiddenSays: (characters) => `${characters} Zeichen, die ein Leser nicht sieht`,
  dropped: 'Weggelassen',
  droppedNone: 'Von dieser Seite wurde nichts weggelassen.',
  apart: 'Von den Prüfungen zurückgehalten',
  previous: 'Seite davor',
  next: 'Seite danach',
  all: 'Das ganze Dokument',
};
