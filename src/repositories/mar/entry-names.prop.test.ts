import { isAbsolute, join, normalize, relative } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import { EntryNames } from "./entry-names.ts";

const part = fc.oneof(
  fc.constantFrom("..", ".", "", "a", "A", "b", "code", "\\", "C:", "\0", "\n", "é", "e\u0301"),
  fc.string({ maxLength: 5 }),
);
const name = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/"));
const entries = fc.array(fc.record({ name, kind: fc.constantFrom("file" as const, "folder" as const) }), {
  maxLength: 20,
});

test("whatever an archive says, what is taken lies inside and is written once", () => {
  fc.assert(
    fc.property(entries, (given) => {
      const names = new EntryNames(32);
      const files = new Set<string>();
      for (const { name, kind } of given) {
        let path: string;
        try {
          path = names.take(name, kind);
        } catch (error) {
          expect(error).toBeInstanceOf(ServingError);
          // As the unpacker does: nothing of such an archive is kept.
          return;
        }
        const target = join("/root/of/archive", path);
        const inside = relative("/root/of/archive", target);
        expect(isAbsolute(inside) || inside.split("/").includes("..")).toBe(false);
        expect(normalize(target).replace(/\/$/, "")).toBe(target.replace(/\/$/, ""));
        if (kind === "folder") continue;
        const key = path.normalize("NFC").toLowerCase();
        expect(files.has(key)).toBe(false);
        files.add(key);
      }
    }),
    { numRuns: 300 },
  );
});
