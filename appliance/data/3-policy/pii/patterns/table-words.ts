/** Column headers that name people and where they live. */
export const PERSON_COLUMN =
  /(?<!\p{L})(?:(?:first|last|full|given|family|maiden|middle|patient|employee|customer|client|contact|applicant|insured)[ _-]?name|surname|forename|vorname|nachname|familienname|prénom|nom de famille|apellidos?|cognome|sobrenome|apelido|fornavn|etternavn|förnamn|efternamn|efternavn|voornaam|achternaam|imię|nazwisko|etunimi|sukunimi|e-?mail|(?:home|street|postal|mailing)[ _-]?address|address|anschrift|adresse?|dirección|indirizzo|endereço|morada|osoite)(?!\p{L})/iu;

/** A header that names people only where the table is about people. */
export const PLAIN_NAME_COLUMN =
  /^\s*(?:name|names|navn|namn|naam|nom|nombre|nome|nimi|patient|employee|kunde|ansatt)\s*$/iu;
