import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { datatypeNames } from "../../../../contracts/datatypes.ts";
import { anyText } from "../../../../core/testing/any-text.ts";
import { patience, runs } from "../../../../core/testing/fuzz.ts";
import { tensorOfJson } from "../../../../core/testing/json-elements.ts";
import { specOf } from "../../../../core/testing/specs.ts";
import { readJsonData } from "../../../../core/tensors/json-reader.ts";
import type { Tensor } from "../../../../core/tensors/tensor.ts";
import { encodeInferReply } from "./encode.ts";

const eight: Tensor = {
  name: "predict",
  shape: [1, 1],
  datatype: "INT64",
  data: { encoding: "binary", bytes: Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0) },
  parameters: { content_type: "np" },
};
const plain = { id: "id", textOutputs: [] };

describe("encodeInferReply", () => {
  it("writes what MLServer writes, byte for byte", () => {
    const text = encodeInferReply(
      specOf("mnist-svm@v0.1.0"),
      { outputs: [eight] },
      { ...plain, id: "0dc5594e" },
    );
    expect(text).toBe(
      '{"model_name":"mnist-svm","model_version":"v0.1.0","id":"0dc5594e","parameters":{},"outputs":[{"name":"predict","shape":[1,1],"datatype":"INT64","parameters":{"content_type":"np"},"data":[8]}]}',
    );
  });

  it("leaves out what is not set: the version, an output's parameters", () => {
    const { parameters, ...bare } = eight;
    expect(parameters).toBeDefined();
    expect(encodeInferReply(specOf("m"), { outputs: [bare, bare] }, plain)).toBe(
      '{"model_name":"m","id":"id","parameters":{},"outputs":[{"name":"predict","shape":[1,1],"datatype":"INT64","data":[8]},{"name":"predict","shape":[1,1],"datatype":"INT64","data":[8]}]}',
    );
  });

  it("gives each version its own head, and each answer its own id", () => {
    const [one, two] = [specOf("m@1"), specOf("m@2")];
    const heads = [one, two, one].map((spec, index) =>
      encodeInferReply(spec, { outputs: [] }, { ...plain, id: String(index) }),
    );
    expect(heads.map((text) => text.slice(0, 45))).toEqual([
      '{"model_name":"m","model_version":"1","id":"0',
      '{"model_name":"m","model_version":"2","id":"1',
      '{"model_name":"m","model_version":"1","id":"2',
    ]);
  });

  it("says of a BYTES output that it is text where it was asked for as text", () => {
    const bytes: Tensor = {
      ...eight,
      name: "label",
      datatype: "BYTES",
      data: { encoding: "binary", bytes: Uint8Array.of(1, 0, 0, 0, 97) },
    };
    const reply = encodeInferReply(
      specOf("m"),
      { outputs: [bytes, eight] },
      { id: "", textOutputs: ["label", "predict"] },
    );
    expect(reply).toContain('"parameters":{"content_type":"str"},"data":["a"]');
    expect(reply).toContain('"parameters":{"content_type":"np"},"data":[8]');
  });

  it("is JSON of what went in, for all datatypes, names and ids", patience, () => {
    const anyTensor = fc.constantFrom(...datatypeNames).chain((datatype) => tensorOfJson(datatype));
    fc.assert(
      fc.property(fc.array(anyTensor, { maxLength: 3 }), fc.string(), anyText, (tensors, name, id) => {
        const outputs = tensors.map(({ datatype, shape, flat }): Tensor => {
          const bytes = readJsonData({ datatype, shape, field: "data" }, flat) ?? new Uint8Array();
          return { name, datatype, shape, data: { encoding: "binary", bytes } };
        });
        expect(JSON.parse(encodeInferReply(specOf("m@1"), { outputs }, { id, textOutputs: [] }))).toEqual({
          model_name: "m",
          model_version: "1",
          id,
          parameters: {},
          outputs: tensors.map(({ datatype, shape, flat }) => ({ name, shape, datatype, data: flat })),
        });
      }),
      runs(200),
    );
  });
});
