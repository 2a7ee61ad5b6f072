import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import type { RequestRecord } from "../../core/ports/request-observer.ts";
import { EngineRig } from "../../core/testing/engine-rig.ts";
import { handleInfer } from "./infer.ts";

it("runs nothing for a caller who leaves while the body is unpacked", async () => {
  const rig = new EngineRig();
  await rig.start("digits");
  const records: RequestRecord[] = [];
  const context = {
    engine: rig.engine,
    clock: rig.clock,
    observer: { started: () => undefined, ended: (record: RequestRecord) => records.push(record) },
    ...{ serverName: "s", serverVersion: "1", extensions: [], maxBodyBytes: 1_000_000 },
    ...{ requestTimeoutMs: 1000, isGzipEnabled: false },
  };
  const server = createServer((request, response) => {
    // The last of the body is there, and at once the caller is not.
    request.on("end", () => request.socket.destroy());
    void handleInfer(context, request, response, { route: "/infer", name: "digits", version: null });
  });
  onTestFinished(() => {
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const data = Array.from({ length: 100_000 }, () => 0);
  const input = { name: "x", shape: [data.length, 1], datatype: "FP32", data };
  const body = gzipSync(JSON.stringify({ inputs: [input] }));
  const caller = connect(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1");
  caller.write(
    `POST / HTTP/1.1\r\nhost: x\r\ncontent-encoding: gzip\r\ncontent-length: ${String(body.length)}\r\n\r\n`,
  );
  caller.write(body);
  await expect
    .poll(async () => {
      await rig.clock.advance(100);
      return records;
    })
    .toMatchObject([{ status: 499 }]);
});
