const CAPTION =
  /^(?:F(?:IGURE|igure|IG\.?|ig\.?)|E(?:XHIBIT|xhibit)|C(?:HART|hart)|P(?:HOTO|hoto)|A(?:BBILDUNG|bbildung|bb\.)|I(?:LLUSTRATION|llustration))\s*\d+(?:[.-]\d+)*[a-z]?(?:\s*[.:|\u2013\u2014-]|\s*$|\s+[\p{Lu}\p{N}\u201C"(])/u;
const TABLE_TITLE =
  /^T(?:ABLE|able|ABELLE|abelle|ABLEAU|ableau|ABLA|abla)\s+(?:\d+|[IVX]+|[A-Z])(?:[.-]\d+)*[a-z]?(?:\s*[.:|\u2013\u2014-]|\s*$|\s+[\p{Lu}\p{N}\u201C"(])/u;

/** True for a line like `Figure 3: …` or `Fig. 2.1 …`, which names a picture. */
export function isFigureCaption(text: string): boolean {
  return CAPTION.test(text);
}

/** True for a line like `Table 4. …`, which names a table. */
export function isTableTitle(text: string): boolean {
  return TABLE_TITLE.test(text);
}
