import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { type ControlStub, startControl } from "./control-stub.ts";
import { type CliResult, runCli } from "./run-cli.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

/** Somebody's shell, in a folder of its own, beside a control plane that is only theirs. */
export interface Desk {
  readonly control: ControlStub;
  /** Absolute. */
  readonly folder: string;
  /** Runs a line, as `ml online-endpoint list`, with these variables beside its own. */
  readonly run: (words: readonly string[], environment?: NodeJS.ProcessEnv) => Promise<CliResult>;
  /** The same for `hostler ml`. */
  readonly ml: (...words: readonly string[]) => Promise<CliResult>;
  /** What `hostler ml` printed; nothing may have gone wrong. */
  readonly ok: (...words: readonly string[]) => Promise<string>;
  /** Writes a file, with the folders above it. */
  readonly file: (name: string, text: string) => Promise<void>;
}

/** A new one for each test of the file that asks for it. */
export function useDesk(variables: NodeJS.ProcessEnv = {}): Desk {
  let control: ControlStub | null = null;
  let folder: TemporaryFolder | null = null;
  beforeEach(async () => {
    control = await startControl();
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    await control?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });
  const desk: Desk = {
    get control() {
      return there(control);
    },
    get folder() {
      return there(folder).path;
    },
    run(words, environment) {
      const all = { HOSTLER_URL: desk.control.url, ...variables, ...environment };
      return runCli(words, { environment: all, cwd: desk.folder });
    },
    ml: (...words) => desk.run(["ml", ...words]),
    async ok(...words) {
      const { exitCode, out, err } = await desk.ml(...words);
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
      return out;
    },
    async file(name, text) {
      const path = join(desk.folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    },
  };
  return desk;
}

function there<T>(thing: T | null): T {
  if (thing === null) throw new Error("There is a desk only within a test.");
  return thing;
}
