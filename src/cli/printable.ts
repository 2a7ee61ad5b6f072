/**
 * Text from a model, a server or a file as one line that cannot move the cursor, recolour the screen or fake a line of
 * its own.
 */
export function printable(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, " ").replaceAll(/\p{Cc}/gu, "\u{FFFD}");
}
