/** A request body that has to be refused, and what the refusal has to name. */
export interface Malformed {
  readonly what: string;
  readonly body: string;
  readonly code: string;
  readonly field?: string;
  readonly expected?: string;
  readonly got?: string;
}

type Fields = Readonly<Record<string, unknown>>;

const input: Fields = { name: "x", shape: [1, 8], datatype: "FP64", data: [1, 2, 3, 4, 5, 6, 7, 8] };

/** A good input with one thing changed. */
function withInput(what: string, change: Fields, expects: Partial<Malformed>): Malformed {
  return {
    what,
    body: JSON.stringify({ inputs: [{ ...input, ...change }] }),
    code: "INVALID_REQUEST",
    ...expects,
  };
}

function withRequest(what: string, change: Fields, expects: Partial<Malformed>): Malformed {
  return { what, body: JSON.stringify({ inputs: [input], ...change }), code: "INVALID_REQUEST", ...expects };
}

const nested = `${"[".repeat(100)}1${"]".repeat(100)}`;

/** For a model that takes one tensor of eight features and has the outputs predict and predict_proba. */
export const malformed: readonly Malformed[] = [
  { what: "nothing", body: "", code: "MALFORMED_JSON" },
  { what: "no JSON", body: "x=1&y=2", code: "MALFORMED_JSON" },
  { what: "half of a body", body: '{"inputs":[{"name":"x","sha', code: "MALFORMED_JSON" },
  { what: "two bodies", body: '{"inputs":[]}{"inputs":[]}', code: "MALFORMED_JSON" },
  {
    what: "a bare NaN",
    body: '{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[NaN]}]}',
    code: "MALFORMED_JSON",
  },
  { what: "bytes that are no text", body: "\u0000\u0001\u0002", code: "MALFORMED_JSON" },
  { what: "an array", body: "[]", code: "INVALID_REQUEST", field: "body", expected: "an object", got: "[]" },
  { what: "null", body: "null", code: "INVALID_REQUEST", field: "body", got: "null" },
  {
    what: "no inputs",
    body: "{}",
    code: "INVALID_REQUEST",
    field: "inputs",
    expected: "an array",
    got: "nothing",
  },
  withRequest("an empty list of inputs", { inputs: [] }, { field: "inputs", got: "0" }),
  withRequest("inputs as an object", { inputs: {} }, { field: "inputs", expected: "an array", got: "{}" }),
  withRequest(
    "an input that is a number",
    { inputs: [7] },
    { field: "inputs[0]", expected: "an object", got: "7" },
  ),
  withRequest("two inputs", { inputs: [input, input] }, { code: "INVALID_INPUT", field: "inputs", got: "2" }),
  withInput(
    "no name",
    { name: undefined },
    { field: "inputs[0].name", expected: "a string", got: "nothing" },
  ),
  withInput("a name that is a number", { name: 1 }, { field: "inputs[0].name", got: "1" }),
  withInput("no datatype", { datatype: undefined }, { field: "inputs[0].datatype", got: "nothing" }),
  withInput("an unknown datatype", { datatype: "FP33" }, { field: "inputs[0].datatype", got: '"FP33"' }),
  withInput("a datatype from the prototype", { datatype: "constructor" }, { field: "inputs[0].datatype" }),
  withInput(
    "no shape",
    { shape: undefined },
    { field: "inputs[0].shape", expected: "an array", got: "nothing" },
  ),
  withInput("a negative dimension", { shape: [-1, 8] }, { field: "inputs[0].shape[0]", got: "-1" }),
  withInput("half a dimension", { shape: [1, 7.5] }, { field: "inputs[0].shape[1]", got: "7.5" }),
  withInput("a dimension as text", { shape: ["1", 8] }, { field: "inputs[0].shape[0]", got: '"1"' }),
  withInput("a huge dimension", { shape: [1e15, 8] }, { field: "inputs[0].shape" }),
  withInput("a dimension past counting", { shape: [1e300, 8] }, { field: "inputs[0].shape[0]" }),
  withInput("dimensions that multiply to too much", { shape: [1e8, 1e8, 1e8] }, { field: "inputs[0].shape" }),
  withInput(
    "a hundred dimensions",
    { shape: Array<number>(100).fill(1) },
    { field: "inputs[0].shape", got: "100" },
  ),
  withInput("no data", { data: undefined }, { field: "inputs[0].data", got: "nothing" }),
  withInput(
    "too little data",
    { data: [1, 2] },
    { field: "inputs[0].data", expected: "8 elements (shape [1,8])", got: "2" },
  ),
  withInput("too much data", { data: Array<number>(9).fill(1) }, { field: "inputs[0].data", got: "9" }),
  withInput("data that is an object", { data: { a: 1 } }, {}),
  withInput(
    "text among numbers",
    { data: [1, 2, "3", 4, 5, 6, 7, 8] },
    { field: "inputs[0].data[2]", got: '"3"' },
  ),
  withInput(
    "rows of different lengths",
    { data: [[1, 2, 3], [4]] },
    { field: "inputs[0].data[1]", expected: "an array of 3, as before it", got: "an array of 1" },
  ),
  withInput("a half among integers", { datatype: "INT64", data: [1.5, 2, 3, 4, 5, 6, 7, 8] }, { got: "1.5" }),
  withInput("null among integers", { datatype: "INT32", data: [null, 2, 3, 4, 5, 6, 7, 8] }, { got: "null" }),
  withInput(
    "an integer that does not fit",
    { datatype: "INT8", data: [300, 2, 3, 4, 5, 6, 7, 8] },
    { got: "300" },
  ),
  withInput(
    "a negative one without a sign",
    { datatype: "UINT8", data: [-1, 2, 3, 4, 5, 6, 7, 8] },
    { got: "-1" },
  ),
  withInput("two as a truth", { datatype: "BOOL", data: [2, 1, 1, 1, 1, 1, 1, 1] }, { got: "2" }),
  withInput(
    "parameters of an input as a list",
    { parameters: [] },
    { field: "inputs[0].parameters", got: "[]" },
  ),
  {
    what: "a hundred levels of nesting",
    body: `{"inputs":[{"name":"x","shape":[1,8],"datatype":"FP64","data":${nested}}]}`,
    code: "INVALID_REQUEST",
  },
  withInput(
    "too few features",
    { shape: [1, 3], data: [1, 2, 3] },
    { code: "INVALID_INPUT", field: "inputs[0].shape", expected: "[-1,8]", got: "[1,3]" },
  ),
  withInput(
    "a row without its brackets",
    { shape: [8] },
    { code: "INVALID_INPUT", field: "inputs[0].shape", expected: "[-1,8]", got: "[8]" },
  ),
  withInput(
    "a cube",
    { shape: [1, 8, 1] },
    { code: "INVALID_INPUT", field: "inputs[0].shape", got: "[1,8,1]" },
  ),
  withInput(
    "text for numbers",
    { datatype: "BYTES", data: ["a", "b", "c", "d", "e", "f", "g", "h"] },
    { code: "INVALID_INPUT" },
  ),
  withInput(
    "nothing in a row",
    { data: [null, 2, 3, 4, 5, 6, 7, 8] },
    { code: "INVALID_INPUT", field: "inputs[0]" },
  ),
  withRequest("an id that is a number", { id: 7 }, { field: "id", expected: "a string", got: "7" }),
  withRequest(
    "parameters as a list",
    { parameters: [1] },
    { field: "parameters", expected: "an object", got: "[1]" },
  ),
  withRequest(
    "a negative timeout",
    { parameters: { timeout: -5 } },
    { field: "parameters.timeout", got: "-5" },
  ),
  withRequest(
    "a priority in words",
    { parameters: { priority: "high" } },
    { field: "parameters.priority", got: '"high"' },
  ),
  withRequest("outputs as an object", { outputs: {} }, { field: "outputs", expected: "an array", got: "{}" }),
  withRequest("an output without a name", { outputs: [{}] }, { field: "outputs[0].name", got: "nothing" }),
  withRequest(
    "an output that the model does not have",
    { outputs: [{ name: "predict" }, { name: "logits" }] },
    { code: "UNSUPPORTED_OUTPUT", field: "outputs[1].name", got: "logits" },
  ),
];
