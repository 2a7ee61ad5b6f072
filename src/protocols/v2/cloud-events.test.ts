import fc from "fast-check";
import { ServerResponse, IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { anyText } from "../../core/testing/any-text.ts";
import { specOf } from "../../core/testing/specs.ts";
import { cloudEventHeaders } from "./cloud-events.ts";

const server = { serverName: "mlserver" };

describe("cloudEventHeaders", () => {
  it("are MLServer's", () => {
    expect(cloudEventHeaders(server, specOf("m@1"), "an id")).toEqual(
      [
        ["ce-specversion", "0.3"],
        ["ce-source", "io.seldon.serving.deployment.mlserver"],
        ["ce-type", "io.seldon.serving.inference.response"],
        ["ce-modelid", "m"],
        ["ce-inferenceservicename", "mlserver"],
        ["ce-endpoint", "m"],
        ["ce-id", "an id"],
        ["ce-requestid", "an id"],
      ].flat(),
    );
  });

  it.each(["", " ", "a\r\nset-cookie: b", "ä", "\u0000", "a\n", " a", "x".repeat(300)])(
    "say nothing of the id %j",
    (id) => {
      const headers = cloudEventHeaders(server, specOf("m"), id);
      expect(headers).not.toContain("ce-id");
      expect(headers).toHaveLength(12);
    },
  );

  it("can be written, whatever the caller's id", () => {
    fc.assert(
      fc.property(anyText, (id) => {
        const response = new ServerResponse(new IncomingMessage(new Socket()));
        response.writeHead(200, [...cloudEventHeaders(server, specOf("m"), id)]);
        expect(response.headersSent || response.statusCode === 200).toBe(true);
      }),
    );
  });
});
