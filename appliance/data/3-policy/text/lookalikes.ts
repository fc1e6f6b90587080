/**
 * Letters of other scripts that look like Latin letters, for folding words that mix scripts ("ignоre" with a Cyrillic
 * o). Written `from` and `to` in step: the letter at a place in one stands for the letter at that place in the other.
 * Only shapes that readers cannot tell apart are listed.
 */
const CYRILLIC_FROM = 'АВЕЅІЈКМНОРСТУХасеіјорѕухһԁԛԝүѵӏгпո';
const CYRILLIC_TO = 'ABESIJKMHOPCTYXaceijopsyxhdqwyvlrnn';
const GREEK_FROM = 'ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχεγ';
const GREEK_TO = 'ABEZHIKMNOPTYXaiknoptuxey';
const LATIN_FROM = 'ıȷɑɡɩʀʏᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꜱᴛᴜᴠᴡᴢ';
const LATIN_TO = 'ijagiryabcdefghijklmnopstuvwz';
/** Armenian and Cherokee capitals and small letters that are drawn like Latin ones. */
const OTHER_FROM = 'օսՏՕԼᎪᎬᎻᏀᏚᏞᎢᏔ';
const OTHER_TO = 'ouSOLAEHGSLTW';

function table(): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  const pairs = [
    [CYRILLIC_FROM, CYRILLIC_TO],
    [GREEK_FROM, GREEK_TO],
    [LATIN_FROM, LATIN_TO],
    [OTHER_FROM, OTHER_TO],
  ] as const;
  for (const [from, to] of pairs) {
    const letters = [...from];
    const targets = [...to];
    letters.forEach((letter, i) => {
      map.set(letter, targets[i]!);
    });
  }
  return map;
}

/** Look-alike letter → Latin letter. */
export const LOOKALIKES: ReadonlyMap<string, string> = table();
