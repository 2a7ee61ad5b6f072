import { expect, test } from "vitest";
import { planEnvironment } from "./environment-plan.ts";

const check = {
  python: "3.11",
  executable: "/own/bin/python",
  folders: ["/own/site-packages"],
  pip: "23.2",
  unmet: [],
};
const wanted = { requirements: ["numpy", "joblib==1.0"], options: [] };

test("an interpreter that has everything is taken as it is", () => {
  expect(planEnvironment(check, wanted)).toEqual({ kind: "as-it-is", interpreter: "/own/bin/python" });
});

test("what is missing is put on top", () => {
  const plan = planEnvironment(
    { ...check, unmet: [{ requirement: "joblib==1.0", installed: null }] },
    wanted,
  );
  expect(plan).toMatchObject({ requirements: ["joblib==1.0"], layeredOn: ["/own/site-packages"] });
});

test("where another version is installed, nothing is taken over", () => {
  const plan = planEnvironment(
    { ...check, unmet: [{ requirement: "joblib==1.0", installed: "1.4" }] },
    wanted,
  );
  expect(plan).toMatchObject({ requirements: ["numpy", "joblib==1.0"], layeredOn: [] });
});

test("the key tells environments apart, and the order of lines does not", () => {
  const unmet = [{ requirement: "joblib==1.0", installed: "1.4" }];
  const keyOf = (python: string, requirements: readonly string[]): string => {
    const plan = planEnvironment({ ...check, python, unmet }, { requirements, options: [] });
    return plan.kind === "virtual" ? plan.key : "";
  };
  expect(keyOf("3.11", ["b", "a"])).toBe(keyOf("3.11", ["a", "b"]));
  expect(keyOf("3.12", ["a", "b"])).not.toBe(keyOf("3.11", ["a", "b"]));
  expect(keyOf("3.11", ["a"])).not.toBe(keyOf("3.11", ["a", "b"]));
});
