import { describe, expect, it } from "vitest";
import { namedType, rootFrom } from "./negotiation.ts";

describe("the type a caller names", () => {
  const offers = ["text/html", "application/json"] as const;

  it.each([
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"],
    ["application/json", "application/json"],
    ["Application/JSON; charset=utf-8", "application/json"],
    ["text/html;q=0.5, application/json;q=0.9", "application/json"],
    ["text/html;q=0, application/json;q=0.1", "application/json"],
    ["*/*", undefined],
    ["image/png", undefined],
    ["text/html;q=0", undefined],
    ["text/html;q=much", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%s: %s", (accept, type) => {
    expect(namedType(accept, offers)).toBe(type);
  });
});

describe("the way to the root", () => {
  it.each([
    "/",
    "/docs",
    "/docs/",
    "/docs?x=/a/b",
    "/v2/models/digits/docs",
    "/v2/models/digits/versions/1/docs/",
  ])("from %s, also behind a proxy that puts the server under a path", (url) => {
    for (const base of ["http://host", "http://host/below/it"]) {
      expect(new URL(`${rootFrom(url)}docs`, `${base}${url}`).href).toBe(`${base}/docs`);
    }
  });
});
