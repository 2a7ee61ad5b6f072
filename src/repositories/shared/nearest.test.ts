import { expect, it } from "vitest";
import { nearest } from "./nearest.ts";

const fields = ["http_port", "grpc_port", "host", "debug", "metrics_port"];

it.each([
  ["htpp_port", "http_port"],
  ["http-port", "http_port"],
  ["HTTP_PORT", "http_port"],
  ["hots", "host"],
  ["metric_port", "metrics_port"],
  ["port", undefined],
  ["x", undefined],
  ["something_else", undefined],
])("takes %s for %s", (word, meant) => {
  expect(nearest(word, fields)).toBe(meant);
});
