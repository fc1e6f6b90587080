/** The libraries that read Office files, as `package.json` pins them (a test compares). */
export const OOXML_VERSIONS: Readonly<Record<string, string>> = Object.freeze({ yauzl: '3.4.0', saxes: '6.0.0' });
