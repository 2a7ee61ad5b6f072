/** One word to any POSIX shell, whatever it holds; left bare where nothing in it means anything to a shell. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
