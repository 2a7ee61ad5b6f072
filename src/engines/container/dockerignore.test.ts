import { expect, test } from "vitest";
import { DockerIgnore } from "./dockerignore.ts";

test.each([
  ["*.pyc", "a.pyc", true],
  ["*.pyc", "deep/a.pyc", false],
  ["**/*.pyc", "a.pyc", true],
  ["**/*.pyc", "very/deep/a.pyc", true],
  ["node_modules", "node_modules/x/y.js", true],
  ["node_modules", "src/node_modules/x.js", false],
  ["/build/", "build/out.bin", true],
  ["a?.txt", "ab.txt", true],
  ["a?.txt", "a/.txt", false],
  ["[ab].txt", "b.txt", true],
  ["data/**", "data/deep/file", true],
  ["x.y", "xzy", false],
  ["# note\n\n*.log", "a.log", true],
  ["*\n!src", "src/main.py", false],
  ["*\n!src\nsrc/secret", "src/secret", true],
  ["*.md\r\n!README.md", "README.md", false],
  ["(a+b)", "(a+b)", true],
])("%j says of %j: %j", (rules, path, isExcluded) => {
  expect(new DockerIgnore(rules).excludes(path)).toBe(isExcluded);
});
