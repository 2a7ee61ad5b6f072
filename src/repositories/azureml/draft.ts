import type { z } from "zod";
import { Complaint } from "../shared/complaint.ts";
import { displayPath } from "../shared/paths.ts";
import { complaintsOf, labelOf, type Places } from "./issues.ts";
import { Complaints, type LoadedYaml } from "./load-yaml.ts";
import type { AppliedOverride } from "./overrides.ts";
import type { PlainRecord } from "./plain.ts";
import type { YamlPath } from "./yaml-text.ts";

/** A file that stands for a part of a document, as `environment: file:./env.yml`. */
export interface Mount {
  readonly path: YamlPath;
  readonly yaml: LoadedYaml;
}

interface DraftParts {
  readonly mapping: PlainRecord;
  /** Null where there is no file. */
  readonly main: LoadedYaml | null;
  readonly overrides: readonly AppliedOverride[];
  readonly mounts: readonly Mount[];
  readonly cwd: string;
}

/** A document on its way: its raw content, where each part of it came from, and what was found wrong so far. */
export class Draft implements Places {
  readonly cwd: string;
  readonly #parts: DraftParts;
  readonly #complaints: Complaint[] = [];

  constructor(parts: DraftParts) {
    this.#parts = parts;
    this.cwd = parts.cwd;
  }

  where(path: YamlPath): string {
    return this.#overrideOf(path) ?? this.#locate(path, (yaml, rest) => yaml.yaml.where(rest));
  }

  whereKey(path: YamlPath): string {
    return this.#overrideOf(path) ?? this.#locate(path, (yaml, rest) => yaml.yaml.whereKey(rest));
  }

  /** What a relative path there starts from: the folder of the file that it stands in. */
  folderOf(path: YamlPath): string {
    const { mounts, main, cwd } = this.#parts;
    return (mounts.find((mount) => isPrefix(mount.path, path))?.yaml ?? main)?.folder ?? cwd;
  }

  /** How a path is shown in messages. */
  shown(path: string): string {
    return displayPath(path, this.cwd);
  }

  /** The content in its normal form. Throws all that does not fit the schema. */
  parse<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
    const parsed = schema.safeParse(this.#parts.mapping);
    if (parsed.success) return parsed.data;
    throw new Complaints(complaintsOf(parsed.error.issues, this.#parts.mapping, this));
  }

  /** Notes a mistake, so that others can be found too. */
  complain(path: YamlPath, reason: string, hint?: string): void {
    const where = this.where(path);
    const label = labelOf(path);
    this.#complaints.push(
      new Complaint({ where, reason: `${label}: ${reason}`, ...(hint === undefined ? {} : { hint }) }),
    );
  }

  /** Notes what was found in another file. */
  note(complaints: readonly Complaint[]): void {
    this.#complaints.push(...complaints);
  }

  throwComplaints(): void {
    if (this.#complaints.length > 0) throw new Complaints(this.#complaints);
  }

  /** The flag that gave a part its value. */
  #overrideOf(path: YamlPath): string | undefined {
    return this.#parts.overrides.findLast((override) => isPrefix(override.path, path))?.origin;
  }

  #locate(path: YamlPath, locate: (yaml: LoadedYaml, rest: YamlPath) => string): string {
    const { mounts, main } = this.#parts;
    const mount = mounts.find((candidate) => isPrefix(candidate.path, path));
    if (mount !== undefined) return locate(mount.yaml, path.slice(mount.path.length));
    return main === null ? "the command line" : locate(main, path);
  }
}

function isPrefix(prefix: YamlPath, path: YamlPath): boolean {
  return prefix.length <= path.length && prefix.every((step, index) => step === path[index]);
}
