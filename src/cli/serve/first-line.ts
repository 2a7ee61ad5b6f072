import { printable } from "../printable.ts";
import type { Colors } from "../terminal.ts";

/**
 * Printed before the server is even loaded, so that nobody wonders whether anything happens. In a file of its own: what
 * stands before the first line has to be little.
 */
export function firstLine(version: string, folder: string, { bold }: Colors): string {
  return `${bold(`hostler ${version}`)} serving ${printable(folder)}\n`;
}
