import { describe, expect, it } from "vitest";
import type { BackendOutcome, BackendRequest } from "../../core/ports/backend.ts";
import type {
  ScoringAnswer,
  ScoringCall,
  ScoringOutcome,
  ScoringRunner,
  ScoringScript,
} from "../../core/ports/scoring-runner.ts";
import { VirtualClock } from "../../core/testing/virtual-clock.ts";
import { scoringBackend } from "./backend.ts";

const answered: ScoringAnswer = {
  status: 200,
  headers: ["content-type", "application/json", "x-own", "1"],
  body: Buffer.from('"x"'),
  hasFailed: false,
  runMs: 12.3456,
};

/** A script whose outcome is known beforehand. */
class FakeRunner implements ScoringRunner {
  readonly script: ScoringScript;
  readonly calls: ScoringCall[] = [];
  cancelled = 0;
  readonly #outcome: ScoringOutcome;

  constructor(
    outcome: ScoringOutcome = { kind: "answered", answer: answered },
    script: Partial<ScoringScript> = {},
  ) {
    this.#outcome = outcome;
    const documents = new Map([
      ["2", "two"],
      ["2.0", "two"],
    ]);
    this.script = {
      input: "text",
      takesHeaders: false,
      corsOrigins: [],
      documents,
      timeoutMs: 500,
      ...script,
    };
  }

  score(call: ScoringCall): { readonly outcome: Promise<ScoringOutcome>; cancel(): void } {
    this.calls.push(call);
    const cancel = (): void => {
      this.cancelled += 1;
    };
    return { outcome: Promise.resolve(this.#outcome), cancel };
  }
}

interface Asked {
  readonly runner?: FakeRunner;
  readonly lines?: string[];
  readonly warnings?: string[];
}

function ask(request: Partial<BackendRequest>, { runner = new FakeRunner(), lines, warnings }: Asked = {}) {
  const backend = scoringBackend(runner, {
    clock: new VirtualClock(),
    serverVersion: "azmlinfsrv/1",
    maxBodyBytes: 10,
    access: (line) => lines?.push(line),
    warn: (message) => warnings?.push(message),
  });
  return backend.call({ method: "POST", target: "/score", headers: [], body: new Uint8Array(), ...request });
}

async function answerTo(request: Partial<BackendRequest>, asked?: Asked) {
  return readable(await ask(request, asked).outcome);
}

async function readable(outcome: BackendOutcome) {
  if (outcome.kind !== "answered") return outcome;
  const pieces: Uint8Array[] = [];
  if (outcome.body instanceof Uint8Array) pieces.push(outcome.body);
  else for await (const piece of outcome.body) pieces.push(piece);
  const pairs = outcome.headers.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), outcome.headers[index + 1] ?? ""] as const] : [],
  );
  return {
    status: outcome.status,
    headers: Object.fromEntries(pairs),
    body: Buffer.concat(pieces).toString(),
  };
}

describe("a scoring backend", () => {
  it("hands a call on and adds what every answer has", async () => {
    const [runner, lines] = [new FakeRunner(), [] as string[]];
    const headers = ["X-Request-Id", "r", "Content-Type", "text/plain"];
    const body = Buffer.from("abc");
    const reply = await answerTo({ target: "/score?a=1", headers, body }, { runner, lines });
    expect(runner.calls).toEqual([
      { method: "POST", target: "/score?a=1", headers, contentType: "text/plain", body },
    ]);
    expect(reply).toEqual({
      status: 200,
      headers: {
        "content-type": "application/json",
        "x-own": "1",
        "x-ms-run-function-failed": "False",
        "x-ms-run-fn-exec-ms": "12.346",
        "x-ms-server-version": "azmlinfsrv/1",
        "x-request-id": "r",
        "x-ms-request-id": "r",
      },
      body: '"x"',
    });
    expect(lines).toEqual(["POST /score?a=1 200 0.000ms 3"]);
  });

  it("lets a script set no header that is the server's", async () => {
    const headers = ["x-request-id", "mine", "Transfer-Encoding", "chunked", "x-ms-run-fn-exec-ms", "0"];
    const runner = new FakeRunner({
      kind: "answered",
      answer: { ...answered, headers, hasFailed: null, runMs: null },
    });
    const reply = await answerTo({ headers: ["x-request-id", "theirs"] }, { runner });
    expect(reply).toMatchObject({ headers: { "x-request-id": "theirs" } });
    expect(Object.keys("headers" in reply ? reply.headers : {})).toEqual([
      "x-ms-server-version",
      "x-request-id",
      "x-ms-request-id",
    ]);
  });

  it("passes a stream on, whose length nobody knows", async () => {
    async function* pieces() {
      yield await Promise.resolve(Buffer.from("a"));
      yield Buffer.from("b");
    }
    const lines: string[] = [];
    const runner = new FakeRunner({ kind: "answered", answer: { ...answered, body: pieces() } });
    expect(await answerTo({}, { runner, lines })).toMatchObject({ status: 200, body: "ab" });
    expect(lines).toEqual(["POST /score 200 0.000ms N/A"]);
  });

  it("says of a call that is overdue how long it may take", async () => {
    expect(await answerTo({}, { runner: new FakeRunner({ kind: "overdue" }) })).toMatchObject({
      status: 500,
      headers: { "x-ms-run-function-failed": "True" },
      body: '{"message": "Scoring timeout after 500 ms"}',
    });
  });

  it("leaves it to the gateway what becomes of a call that was not run, or not to its end", async () => {
    const crashed = new FakeRunner({ kind: "crashed", reason: "killed" });
    expect(await answerTo({}, { runner: crashed })).toEqual({ kind: "failed", reason: "killed" });
    const waiting = new FakeRunner({ kind: "not-started", reason: "stopping" });
    expect(await answerTo({}, { runner: waiting })).toEqual({ kind: "not-started", reason: "stopping" });
  });

  it("takes bodies in pieces, up to the limit", async () => {
    async function* pieces(count: number) {
      for (let index = 0; index < count; index += 1) yield await Promise.resolve(Buffer.from("abcd"));
    }
    const runner = new FakeRunner();
    await answerTo({ body: pieces(2) }, { runner });
    expect(runner.calls.map(({ body }) => Buffer.from(body).toString())).toEqual(["abcdabcd"]);
    expect(await answerTo({ body: pieces(3) }, { runner })).toMatchObject({ status: 413 });
    expect(await answerTo({ body: Buffer.alloc(11) }, { runner })).toMatchObject({ status: 413 });
    expect(runner.calls).toHaveLength(1);
  });

  it("has begun with a body that came in pieces: nobody could send that again", async () => {
    async function* pieces() {
      yield await Promise.resolve(Buffer.from("abcd"));
    }
    const waiting = new FakeRunner({ kind: "not-started", reason: "stopping" });
    const reply = await answerTo({ body: pieces() }, { runner: waiting });
    expect(reply).toEqual({ kind: "failed", reason: "stopping" });
  });

  it.each([
    { headers: ["x-own", "\u20ac"] },
    { headers: ["two words", "x"] },
    { status: 100 },
    { status: 1000 },
    { status: 200.5 },
  ])("says so of an answer that HTTP cannot carry, and reads it no further: %j", async (head) => {
    let isLeft = false;
    async function* pieces() {
      try {
        for (let index = 0; index < 10; index += 1) yield await Promise.resolve(Buffer.from("a"));
      } finally {
        isLeft = true;
      }
    }
    const runner = new FakeRunner({ kind: "answered", answer: { ...answered, ...head, body: pieces() } });
    expect(await answerTo({}, { runner })).toMatchObject({
      status: 500,
      headers: { "x-ms-run-function-failed": "True" },
      body: '{"message": "The scoring script answered with a status or a header that HTTP cannot carry."}',
    });
    await expect.poll(() => isLeft).toBe(true);
  });

  it("cancels the call of a caller that leaves", () => {
    const runner = new FakeRunner();
    ask({}, { runner }).cancel();
    expect(runner.cancelled).toBe(1);
  });

  it("asks the script for nothing that it can answer itself", async () => {
    const runner = new FakeRunner();
    expect(await answerTo({ method: "GET", target: "/" }, { runner })).toMatchObject({ body: "Healthy" });
    expect(await answerTo({ method: "GET", target: "/swagger.json" }, { runner })).toMatchObject({
      body: "two",
    });
    expect(await answerTo({ method: "OPTIONS" }, { runner })).toMatchObject({ status: 200, body: "" });
    expect(runner.calls).toEqual([]);
  });

  it("gives a script that wants the request whatever comes to /score", async () => {
    const runner = new FakeRunner(undefined, { input: "raw" });
    for (const method of ["GET", "POST", "OPTIONS", "HEAD"]) await answerTo({ method }, { runner });
    expect(runner.calls.map(({ method }) => method)).toEqual(["GET", "POST", "OPTIONS", "HEAD"]);
    expect(await answerTo({ method: "PUT" }, { runner })).toMatchObject({ status: 405 });
  });

  it("tells which descriptions there are", async () => {
    const get = (version: string) => answerTo({ method: "GET", target: `/swagger.json?version=${version}` });
    expect(await get("2.0")).toMatchObject({ status: 200, body: "two" });
    expect(await get("3")).toMatchObject({
      status: 404,
      body: '{"message": "Swagger version [3] is not supported for the scoring script. Supported swagger versions: [2]."}',
    });
    expect(await get("ä")).toMatchObject({
      status: 404,
      body: String.raw`{"message": "Swagger version [\u00e4] is not valid. Supported versions: [2]."}`,
    });
  });

  it("warns of the header that is to go", async () => {
    const warnings: string[] = [];
    await answerTo({ headers: ["x-ms-request-id", "a"] }, { warnings });
    await answerTo({ headers: ["x-ms-client-request-id", "a"] }, { warnings });
    expect(warnings).toHaveLength(1);
  });

  it.each([
    [["*"], undefined, "*", undefined],
    [["*"], "http://a", "http://a", "Origin"],
    [["http://b", "http://a"], "http://A", "http://A", "Origin"],
    [["http://a"], "http://a.evil", undefined, undefined],
    [[], "http://a", undefined, undefined],
  ])("allows of %j the origin %s: %s", async (corsOrigins, origin, allowed, vary) => {
    const runner = new FakeRunner(undefined, { corsOrigins });
    const reply = await answerTo({ headers: origin === undefined ? [] : ["origin", origin] }, { runner });
    const headers: Readonly<Record<string, string>> = "headers" in reply ? reply.headers : {};
    expect([headers["access-control-allow-origin"], headers["vary"]]).toEqual([allowed, vary]);
  });
});
