import { describe, expect, it } from "vitest";
import { UsageError } from "../framework/usage-error.ts";
import { readPairs, readStages } from "./stages.ts";

function stages(containers: readonly string[], models: readonly string[] = []) {
  return readStages({ containers, models, cwd: "/work" });
}

describe("the containers of a pipeline", () => {
  it("are images or URLs, with names or without", () => {
    expect(stages(["repo/features:1", "last=http://127.0.0.1:9/models/a=b/invoke"])).toEqual([
      { name: "container-1", runs: { kind: "container", image: "repo/features:1", model: null } },
      { name: "last", runs: { kind: "server", url: new URL("http://127.0.0.1:9/models/a=b/invoke") } },
    ]);
  });

  it("take an image's digest and a URL's query for what they are", () => {
    const [image, url] = stages(["x@sha256:ab", "http://h/a?b=c"]);
    expect(image?.runs).toMatchObject({ image: "x@sha256:ab" });
    expect(url?.runs).toMatchObject({ url: new URL("http://h/a?b=c") });
  });

  it("get the model that is named for them", () => {
    expect(stages(["a=image"], ["a=model"])[0]?.runs).toMatchObject({ model: "/work/model" });
  });

  it.each([
    ["two of one name", ["a=x", "a=y"], []],
    ["a name that no hostname can be", ["-a-=x"], []],
    ["a server behind TLS", ["https://host"], []],
    ["a model for nobody", ["a=x"], ["b=model"]],
    ["a model for a server", ["a=http://h"], ["a=model"]],
    ["more than fifteen", Array.from({ length: 16 }, () => "x"), []],
  ])("refuses %s", (_name, containers, models) => {
    expect(() => stages(containers, models)).toThrow(UsageError);
  });

  it("refuses a pair without a name", () => {
    expect(() => readPairs("--env", ["=x"])).toThrow("--env takes name=value");
    expect(readPairs("--env", ["A=b=c"])).toEqual([["A", "b=c"]]);
  });
});
