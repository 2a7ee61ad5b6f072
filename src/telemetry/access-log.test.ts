import { beforeEach, describe, expect, it } from "vitest";
import { ServingError } from "../contracts/serving-error.ts";
import { RecordingLogger } from "../core/testing/recorders.ts";
import { VirtualClock } from "../core/testing/virtual-clock.ts";
import { AccessLog } from "./access-log.ts";
import { loggerTo } from "./logger.ts";
import { modelOf, readyRoute, requestOf } from "./testing/requests.ts";

let clock: VirtualClock;
let logger: RecordingLogger;

beforeEach(() => {
  clock = new VirtualClock();
  logger = new RecordingLogger();
});

function accessLog(mode: "sampled" | "all" | "off"): AccessLog {
  return new AccessLog({ mode, logger, clock, healthRoutes: [readyRoute] });
}

const failure = {
  status: 500,
  code: "MODEL_ERROR",
  error: new ServingError("MODEL_ERROR", "It raised."),
} as const;

describe("a line", () => {
  it("says what was asked, what came of it and where the time went", () => {
    accessLog("all").ended(
      requestOf({ model: modelOf("digits@v1"), requestId: "abc-1", totalMs: 0.123_456 }),
    );
    expect(logger.records).toStrictEqual([
      {
        level: "info",
        message: "request",
        fields: {
          request_id: "abc-1",
          protocol: "v2",
          method: "POST",
          route: "/v2/models/:name/versions/:version/infer",
          status: 200,
          code: "OK",
          model: "digits",
          version: "v1",
          bytes_in: 400,
          bytes_out: 221,
          batch: 2,
          queue_ms: 0.1,
          compute_ms: 0.4,
          total_ms: 0.123,
        },
      },
    ]);
  });

  it.each([
    ["INVALID_INPUT", "info"],
    ["QUEUE_FULL", "warn"],
    ["WORKER_DIED", "warn"],
    ["INTERNAL", "error"],
  ] as const)("of %s has level %s", (code, level) => {
    accessLog("all").ended(requestOf({ code, error: new ServingError(code, "why") }));
    expect(logger.records.map((record) => record.level)).toStrictEqual([level]);
  });

  it("keeps what lies behind an error that is the caller's to itself", () => {
    const cause = new Error("secret of the parser");
    accessLog("all").ended(
      requestOf({
        code: "MALFORMED_JSON",
        error: new ServingError("MALFORMED_JSON", "Not JSON.", {}, { cause }),
      }),
    );
    expect(logger.of("request")).toMatchObject([{ reason: "Not JSON." }]);
    expect(JSON.stringify(logger.records)).not.toContain("secret");
  });

  it("shows what lies behind one that is the operator's, and the stack of a bug", () => {
    const log = accessLog("all");
    const cause = new Error("No space left on device");
    log.ended(
      requestOf({ code: "MODEL_ERROR", error: new ServingError("MODEL_ERROR", "Failed.", {}, { cause }) }),
    );
    log.ended(requestOf({ code: "INTERNAL", error: new ServingError("INTERNAL", "Broken.", {}, { cause }) }));
    expect(logger.of("request")).toMatchObject([
      { reason: "Failed.", cause: "No space left on device" },
      { reason: "Broken.", error: cause },
    ]);
  });

  it("is one line, whatever callers put into it", () => {
    const lines: string[] = [];
    const json = loggerTo({ write: (line) => void lines.push(line) }, "info");
    const log = new AccessLog({ mode: "all", logger: json, clock, healthRoutes: [] });
    const nasty = '\r\n{"msg":"forged"}\u001b[2J\u009b\u2028';
    log.ended(
      requestOf({
        requestId: nasty + "x".repeat(500),
        ...failure,
        error: new ServingError("MODEL_ERROR", nasty),
      }),
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toMatch(/[\r\n\u001b]/);
    const fields: unknown = JSON.parse(lines[0] ?? "");
    expect(fields).toMatchObject({
      request_id: (nasty + "x".repeat(500)).replaceAll(/[^\x21-\x7e]/g, "?").slice(0, 128),
      reason: nasty,
    });
  });
});

describe("a sampled log", () => {
  it("has 100 successes of a second, and one line for all others", async () => {
    const log = accessLog("sampled");
    for (let index = 0; index < 250; index += 1) log.ended(requestOf());
    expect(logger.of("request")).toHaveLength(100);
    await clock.advance(1000);
    expect(logger.of("requests left out of the log")).toStrictEqual([{ successes: 150, failures: 0 }]);
    log.ended(requestOf());
    expect(logger.of("request")).toHaveLength(101);
  });

  it("has room for failures however many successes there are", async () => {
    const log = accessLog("sampled");
    for (let index = 0; index < 1000; index += 1) log.ended(requestOf());
    for (let index = 0; index < 120; index += 1) log.ended(requestOf(failure));
    expect(logger.records.filter(({ level }) => level === "warn")).toHaveLength(100);
    await clock.advance(1000);
    expect(logger.of("requests left out of the log")).toStrictEqual([{ successes: 900, failures: 20 }]);
  });

  it("says nothing of a second in which nothing was left out, and keeps no timer", async () => {
    accessLog("sampled").ended(requestOf());
    await clock.advance(5000);
    expect(logger.records).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it("leaves out probes that went well", () => {
    accessLog("sampled").ended(requestOf({ method: "GET", route: readyRoute }));
    expect(logger.records).toHaveLength(0);
  });

  it("says at the end what it has not said yet", () => {
    const log = accessLog("sampled");
    for (let index = 0; index < 101; index += 1) log.ended(requestOf());
    log.stop();
    expect(logger.of("requests left out of the log")).toStrictEqual([{ successes: 1, failures: 0 }]);
    expect(clock.pending).toBe(0);
  });
});

describe("the other modes", () => {
  it("all: every request, probes too", () => {
    const log = accessLog("all");
    for (let index = 0; index < 300; index += 1) log.ended(requestOf({ route: readyRoute }));
    expect(logger.records).toHaveLength(300);
  });

  it("off: none, not even failures", () => {
    const log = accessLog("off");
    log.ended(requestOf(failure));
    log.stop();
    expect(logger.records).toHaveLength(0);
  });
});
