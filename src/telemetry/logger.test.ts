import { spawn, spawnSync } from "node:child_process";
import picocolors from "picocolors";
import { describe, expect, it } from "vitest";
import type { Logger } from "../core/ports/logger.ts";
import { ServingError } from "../contracts/serving-error.ts";
import { loggerTo } from "./logger.ts";
import { prettyLine } from "./pretty-line.ts";

function logged(write: (logger: Logger) => void): string {
  const lines: string[] = [];
  write(loggerTo({ write: (line) => void lines.push(line) }, "info"));
  return lines.join("");
}

const plain = picocolors.createColors(false);

describe("a JSON line", () => {
  it("has time, level, message and fields", () => {
    const text = logged(({ info }) => {
      info("model loaded", { model: "digits", load_ms: 14 });
    });
    const withoutTime = text.replace(/"time":"[^"]+"/, '"time":"T"');
    expect(withoutTime).toBe(
      '{"level":"info","time":"T","model":"digits","load_ms":14,"msg":"model loaded"}\n',
    );
  });

  it("is not written below the level", () => {
    expect(
      logged(({ debug }) => {
        debug("details");
      }),
    ).toBe("");
  });

  it("has no keys in it", () => {
    const text = logged(({ info }) => {
      info("request", {
        authorization: "Bearer secret",
        api_key: "secret",
        headers: { "x-api-key": "secret", cookie: "secret", accept: "*/*" },
        request: { headers: { authorization: "secret" } },
      });
    });
    expect(text).not.toContain("secret");
    expect(JSON.parse(text)).toMatchObject({ authorization: "[redacted]", headers: { accept: "*/*" } });
  });

  it("shows errors with their stack and what they know", () => {
    const error = new ServingError("MODEL_ERROR", "It raised.", { model: "digits" });
    const line = logged((logger) => {
      logger.error("broken", { error });
    });
    expect(JSON.parse(line)).toMatchObject({ error: { message: "It raised.", code: "MODEL_ERROR" } });
    expect(line).toContain("logger.test");
  });
});

describe("the server's log", () => {
  const url = new URL("logger.ts", import.meta.url).href;
  const head = `import { createLogger } from "${url}"; const log = createLogger({ level: "info", format: "json" });`;
  const argumentsOf = (program: string): string[] => ["--input-type=module", "--eval", `${head} ${program}`];

  it.each(["process.exit(3);", "log.stop();"])("has written everything after %s", (end) => {
    const program = `for (let n = 0; n < 2000; n += 1) log.info("line", { n }); ${end}`;
    const { stdout } = spawnSync(process.execPath, argumentsOf(program), { encoding: "utf8" });
    expect(stdout.split("\n")).toHaveLength(2001);
  });

  it("writes a line soon, whether more follow or not", async () => {
    const child = spawn(process.execPath, argumentsOf('log.info("early"); setInterval(() => {}, 1000);'));
    const line = await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGKILL");
    expect(String(line)).toContain('"msg":"early"');
  });
});

describe("a line for people", () => {
  it("reads from left to right", () => {
    const line =
      '{"time":"2026-11-21T14:03:05.120Z","level":"info","msg":"model loaded","model":"digits@v1","load_ms":14,"why":"first use"}';
    expect(prettyLine(line, plain)).toBe(
      '14:03:05.120 INFO  model loaded  model=digits@v1 load_ms=14 why="first use"\n',
    );
  });

  it("is coloured where colours are wanted", () => {
    const line = '{"time":"2026-11-21T14:03:05.120Z","level":"error","msg":"x"}';
    expect(prettyLine(line, picocolors.createColors(true))).toContain("\u001b[31mERROR\u001b[39m");
  });

  it("cannot be broken, coloured or moved by what it tells", () => {
    const nasty = "\u001b[2J\r\n14:00 ERROR forged\u009b1m\u2028\u202e\u0007";
    const line = prettyLine(
      logged(({ info }) => {
        info(nasty, { [nasty]: nasty, deep: { text: nasty } });
      }),
      plain,
    );
    expect(line.endsWith("\n")).toBe(true);
    expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
  });
});
