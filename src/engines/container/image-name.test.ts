import { expect, test } from "vitest";
import { imagePath, splitTag } from "./image-name.ts";

test.each([
  ["python", "python", "latest"],
  ["python:3.12", "python", "3.12"],
  ["localhost:5000/a/b", "localhost:5000/a/b", "latest"],
  ["localhost:5000/a/b:2", "localhost:5000/a/b", "2"],
])("%s is %s with the tag %s", (name, repository, tag) => {
  expect(imagePath(name)).toBe(name);
  expect(splitTag(name)).toEqual({ repository, tag });
});

test.each(["", "../containers/json?x=", "a b", "a/../b", "a?b", "{{ACR}}/x:1", "-x"])(
  "%j is no image's name, and never part of a URL",
  (name) => {
    expect(() => imagePath(name)).toThrow(/not the name of a container image/);
  },
);
