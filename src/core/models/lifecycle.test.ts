import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lifecycle, lifecycleEvents, type LifecycleState, lifecycleStates } from "./lifecycle.ts";

const spec = readFileSync(new URL("SPEC.md", import.meta.url), "utf8");

/** The cells of SPEC.md's first table, its head first. */
function tableOf(markdown: string): readonly (readonly string[])[] {
  const lines = markdown.split("\n").filter((line) => line.startsWith("| "));
  const end = lines.findIndex((line) => line.startsWith("| | "));
  const rows = lines.slice(0, end).filter((line) => !line.startsWith("| ---"));
  return rows.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function nextOf(state: LifecycleState): readonly LifecycleState[] {
  return lifecycleEvents.flatMap((event) => lifecycle[state][event] ?? []);
}

/** Every state that can be come to from this one. */
function reachableFrom(start: LifecycleState): ReadonlySet<LifecycleState> {
  const reached = new Set(nextOf(start));
  for (const state of reached) for (const next of nextOf(state)) reached.add(next);
  return reached;
}

describe("the lifecycle table", () => {
  it("is SPEC.md's, cell by cell", () => {
    const [head = [], ...rows] = tableOf(spec);
    expect(head).toEqual(["state", "means", ...lifecycleEvents]);
    const written = rows.map(([state, , ...cells]) => [state, ...cells]);
    const coded = lifecycleStates.map((state) => [
      state,
      ...lifecycleEvents.map((event) => lifecycle[state][event] ?? "–"),
    ]);
    expect(written).toEqual(coded);
  });

  it("decides every cell, and no more", () => {
    expect(Object.keys(lifecycle)).toEqual([...lifecycleStates]);
    for (const state of lifecycleStates) {
      expect(Object.keys(lifecycle[state]).sort()).toEqual([...lifecycleEvents].sort());
    }
  });

  it.each(lifecycleStates)(
    "comes to %s from the beginning, and back to the beginning or to where it can be tried again",
    (state) => {
      if (state !== "registered") expect(reachableFrom("registered")).toContain(state);
      expect(reachableFrom(state)).toContain("ready");
      expect(reachableFrom(state)).toContain("registered");
    },
  );

  it.each(lifecycleEvents)("has a place for %s", (event) => {
    expect(lifecycleStates.some((state) => lifecycle[state][event] !== null)).toBe(true);
  });
});

describe("SPEC.md", () => {
  it("names only tests that exist", () => {
    const places: Readonly<Record<string, string>> = {
      residency: "../residency/",
      "inference-engine": "../serving/",
    };
    for (const [, file = ""] of spec.matchAll(/`([a-z-]+(?:\.prop)?\.test\.ts)`/g)) {
      const folder = places[file.replace(/\..*/, "")] ?? "";
      expect(() => readFileSync(new URL(folder + file, import.meta.url)), file).not.toThrow();
    }
  });
});
