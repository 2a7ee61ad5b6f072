import { expect, test } from "vitest";
import { baseImages } from "./dockerfile.ts";

function namesIn(text: string, buildArguments?: Readonly<Record<string, string>>): readonly string[] {
  return baseImages(text, buildArguments).map(({ name }) => name);
}

test("each image is named once, stages and scratch are none", () => {
  const text = `# syntax=docker/dockerfile:1
FROM --platform=linux/amd64 python:3.12 AS Build
RUN pip install \\
    # a comment in the middle
    numpy
FROM build AS test
FROM scratch
COPY --from=build /a /a
COPY --from=0 /b /b
COPY --chown=1 --from=nginx:1 /c /c
FROM python:3.12
`;
  expect(namesIn(text)).toEqual(["python:3.12", "nginx:1"]);
});

test("arguments are put in, those of the build first", () => {
  const text = 'ARG TAG=3.11\nARG BASE="python:${TAG}-slim"\nfrom ${BASE}\nFROM ${OTHER:-debian:12}\n';
  expect(namesIn(text)).toEqual(["python:3.11-slim", "debian:12"]);
  expect(namesIn(text, { TAG: "3.13" })).toEqual(["python:3.13-slim", "debian:12"]);
});

test("the line is that of the instruction", () => {
  expect(baseImages("\n# note\nFROM \\\n  python:3\n")).toEqual([{ name: "python:3", line: 3 }]);
});
