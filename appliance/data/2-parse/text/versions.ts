/** The libraries that guess and decode text, as `package.json` pins them (a test compares). */
export const TEXT_VERSIONS: Readonly<Record<string, string>> = Object.freeze({
  chardet: '2.2.0',
  'iconv-lite': '0.7.3',
});
