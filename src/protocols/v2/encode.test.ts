import { describe, expect, it } from "vitest";
import { specOf } from "../../core/testing/specs.ts";
import { encodeModelMetadata } from "./encode.ts";

describe("encodeModelMetadata", () => {
  it("repeats what the settings say, parameters only where there are some", () => {
    const metadata = {
      platform: "sklearn",
      versions: ["1"],
      inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2], parameters: { content_type: "np" } }],
      outputs: [{ name: "y", datatype: "INT64", shape: [-1] }],
      parameters: {},
    } as const;
    expect(JSON.stringify(encodeModelMetadata(specOf("m", { metadata })))).toBe(
      '{"name":"m","versions":["1"],"platform":"sklearn","inputs":[{"name":"x","datatype":"FP32","shape":[-1,2],"parameters":{"content_type":"np"}}],"outputs":[{"name":"y","datatype":"INT64","shape":[-1]}],"parameters":{}}',
    );
  });
});
