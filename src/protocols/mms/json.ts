/** JSON as Gson prints it: indented by two, with the characters escaped that could end a script in HTML, and a newline. */
export function prettyJson(value: object): string {
  return `${JSON.stringify(value, null, 2).replace(/[<>&='\u2028\u2029]/g, escaped)}\n`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
