import { z } from "zod";
import { send, type HttpReply, type HttpRequest } from "./http.ts";

export interface InferOptions {
  readonly datatype?: string;
  readonly outputs?: readonly string[];
  readonly id?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly version?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A V2 request for these rows. */
export function inferRequest(
  model: string,
  rows: readonly (readonly (number | null)[])[],
  { datatype = "FP64", outputs, id, parameters, version, headers, signal }: InferOptions = {},
): HttpRequest {
  const body = {
    ...(id === undefined ? {} : { id }),
    ...(parameters === undefined ? {} : { parameters }),
    inputs: [{ name: "x", shape: [rows.length, rows[0]?.length ?? 0], datatype, data: rows }],
    ...(outputs === undefined ? {} : { outputs: outputs.map((name) => ({ name })) }),
  };
  const versions = version === undefined ? "" : `/versions/${version}`;
  return {
    method: "POST",
    path: `/v2/models/${model}${versions}/infer`,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  };
}

export function infer(
  url: string,
  model: string,
  rows: readonly (readonly (number | null)[])[],
  options?: InferOptions,
): Promise<HttpReply> {
  return send(url, inferRequest(model, rows, options));
}

const outputSchema = z.object({
  name: z.string(),
  shape: z.array(z.number()),
  datatype: z.string(),
  data: z.array(z.unknown()),
});

const replySchema = z.object({
  model_name: z.string(),
  model_version: z.string().optional(),
  id: z.string(),
  outputs: z.array(outputSchema),
});

/** The reply of a call that must have succeeded. */
export function inferReply({ status, body }: HttpReply): z.infer<typeof replySchema> {
  if (status !== 200) throw new Error(`Expected a prediction, got ${String(status)}: ${body}`);
  return replySchema.parse(JSON.parse(body));
}

/** The data of one output, the first by default. */
export function outputData(reply: HttpReply, name?: string): unknown[] {
  const { outputs } = inferReply(reply);
  const output = name === undefined ? outputs[0] : outputs.find((one) => one.name === name);
  if (output === undefined) throw new Error(`There is no output ${name ?? ""} in ${reply.body}.`);
  return output.data;
}

const errorSchema = z.object({
  error: z.string().min(1),
  code: z.string(),
  field: z.string().optional(),
  expected: z.string().optional(),
  got: z.string().optional(),
  hint: z.string().optional(),
});

export type ErrorBody = z.infer<typeof errorSchema>;

/** The body of an error reply; it must be JSON and say so. */
export function errorBody({ body, headers }: HttpReply): ErrorBody {
  if (headers["content-type"] !== "application/json") throw new Error(`Not JSON: ${body}`);
  return errorSchema.parse(JSON.parse(body));
}
