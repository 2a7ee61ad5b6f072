import type {
  Backend,
  BackendBody,
  BackendCall,
  BackendOutcome,
  BackendRequest,
} from "../../core/ports/backend.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { ScoringAnswer, ScoringOutcome, ScoringRunner } from "../../core/ports/scoring-runner.ts";
import * as contract from "./contract.ts";
import { crossOriginHeaders } from "./cross-origin.ts";
import { leaveUnread } from "../http/pieces.ts";
import { isSendable, knownHeaders, type KnownHeaders, withoutHeaders } from "./headers.ts";
import { identify } from "./identity.ts";

export interface ScoringSettings {
  readonly clock: Clock;
  /** What `x-ms-server-version` says; null leaves it out. */
  readonly serverVersion: string | null;
  /** Bytes of a body at most. */
  readonly maxBodyBytes: number;
  /** Takes lines as azmlinfsrv's access log has them, `POST /score 200 3.902ms 92`; null for none. */
  readonly access: ((line: string) => void) | null;
  /** Told of what a caller should change. */
  readonly warn?: (message: string) => void;
}

interface Exchange {
  readonly runner: ScoringRunner;
  readonly settings: ScoringSettings;
  readonly request: BackendRequest;
  readonly path: string;
  readonly headers: KnownHeaders;
  readonly startedAt: number;
}

/** An answer before the headers that all answers have. */
interface Answer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: BackendBody;
}

type Route = "/" | "/score" | "/swagger.json";

const routeMethods: Readonly<Record<Route, ReadonlySet<string>>> = {
  "/": new Set(["GET", "HEAD", "OPTIONS"]),
  "/score": new Set(["GET", "HEAD", "POST", "OPTIONS"]),
  "/swagger.json": new Set(["GET", "HEAD", "OPTIONS"]),
};

/** What a script cannot say itself: each is the server's, or of the connection. */
const serversOwn: ReadonlySet<string> = new Set([
  "x-request-id",
  "x-ms-request-id",
  "x-ms-client-request-id",
  "x-ms-run-function-failed",
  "x-ms-run-fn-exec-ms",
  "connection",
  "transfer-encoding",
  "keep-alive",
]);

/**
 * A scoring script with the HTTP contract of azureml-inference-server-http: `/`, `/score` and `/swagger.json`.
 * Health and the description are answered here, so they never wait for run().
 */
export function scoringBackend(runner: ScoringRunner, settings: ScoringSettings): Backend {
  return {
    address: null,
    call: (request) => answerCall(runner, settings, request),
  };
}

function answerCall(runner: ScoringRunner, settings: ScoringSettings, request: BackendRequest): BackendCall {
  const path = request.target.split("?", 1)[0] ?? "";
  const headers = knownHeaders(request.headers);
  const exchange = { runner, settings, request, path, headers, startedAt: settings.clock.now() };
  if (!isRoute(path)) return immediate(refused(404, contract.notFound));
  if (!routeMethods[path].has(request.method)) return immediate(refused(405, contract.methodNotAllowed));
  const identity = identify({
    requestId: headers.get("x-request-id"),
    legacyId: headers.get("x-ms-request-id"),
    clientId: headers.get("x-ms-client-request-id"),
    traceId: headers.get("traceid"),
  });
  if (identity.isLegacy) settings.warn?.(contract.legacyIdWarning);
  const complete = (answer: Answer): BackendOutcome => completed(exchange, identity.headers, answer);
  if (identity.refusal !== null) return immediate(complete(problem(431, identity.refusal)));
  if (path === "/score" && !isAnsweredHere(exchange)) return score(exchange, complete);
  return immediate(complete(ownAnswer(exchange, path)));
}

function isRoute(path: string): path is Route {
  return Object.hasOwn(routeMethods, path);
}

function immediate(outcome: BackendOutcome): BackendCall {
  return { outcome: Promise.resolve(outcome), cancel: () => undefined };
}

/** What comes to `/score` without being a call: a script that wants the request itself gets that, too. */
function isAnsweredHere({ runner, request }: Exchange): boolean {
  return runner.script.input !== "raw" && request.method !== "GET" && request.method !== "POST";
}

function ownAnswer(exchange: Exchange, path: Route): Answer {
  const { method } = exchange.request;
  if (path === "/score") {
    if (method !== "OPTIONS") return problem(405, contract.scoreMethodNotAllowed);
    return {
      status: 200,
      headers: [...typed(contract.htmlType), ...failedHeader(false)],
      body: new Uint8Array(),
    };
  }
  if (method === "OPTIONS") {
    const headers = [...typed(contract.htmlType), "allow", "GET, HEAD, OPTIONS"];
    return { status: 200, headers, body: new Uint8Array() };
  }
  if (path === "/")
    return { status: 200, headers: typed(contract.htmlType), body: Buffer.from(contract.healthy) };
  return describe(exchange);
}

function describe({ runner, request }: Exchange): Answer {
  const { documents } = runner.script;
  const query = request.target.slice(request.target.indexOf("?") + 1);
  const version = new URLSearchParams(request.target.includes("?") ? query : "").get("version") ?? "2";
  const known = ["2", "3", "3.1"].filter((one) => documents.has(one)).join(", ");
  if (!contract.swaggerVersions.has(version)) {
    return problem(404, `Swagger version [${version}] is not valid. Supported versions: [${known}].`);
  }
  const document = documents.get(version);
  if (document === undefined) {
    const what = "is not supported for the scoring script. Supported swagger versions:";
    return problem(404, `Swagger version [${version}] ${what} [${known}].`);
  }
  const headers = [...typed(contract.jsonType), ...failedHeader(false)];
  return { status: 200, headers, body: Buffer.from(document) };
}

function score(exchange: Exchange, complete: (answer: Answer) => BackendOutcome): BackendCall {
  const { body } = exchange.request;
  if (body instanceof Uint8Array) return run(exchange, body, complete);
  const state: { isCancelled: boolean; call: BackendCall | null } = { isCancelled: false, call: null };
  const outcome = collect(body, exchange.settings.maxBodyBytes).then((whole): Promise<BackendOutcome> => {
    if (whole === null) return Promise.resolve(complete(problem(413, contract.tooLarge)));
    if (state.isCancelled) return Promise.resolve({ kind: "failed", reason: "the caller went away" });
    state.call = run(exchange, whole, complete);
    return state.call.outcome.then(begun);
  });
  const cancel = (): void => {
    state.isCancelled = true;
    state.call?.cancel();
  };
  return {
    outcome: outcome.catch(() => ({ kind: "failed", reason: "the body did not arrive" })),
    cancel,
  };
}

/** A body that came in pieces has been read: to another instance it could only go without it. */
function begun(outcome: BackendOutcome): BackendOutcome {
  return outcome.kind === "not-started" ? { kind: "failed", reason: outcome.reason } : outcome;
}

function run(
  exchange: Exchange,
  body: Uint8Array,
  complete: (answer: Answer) => BackendOutcome,
): BackendCall {
  const { runner, request, headers } = exchange;
  if (body.byteLength > exchange.settings.maxBodyBytes)
    return immediate(complete(problem(413, contract.tooLarge)));
  const { method, target } = request;
  const contentType = headers.get("content-type") ?? "";
  const call = runner.score({ method, target, headers: request.headers, contentType, body });
  const outcome = call.outcome.then((ended) => outcomeOf(exchange, ended, complete));
  const cancel = (): void => {
    call.cancel();
  };
  return { outcome, cancel };
}

function outcomeOf(
  { runner }: Exchange,
  ended: ScoringOutcome,
  complete: (answer: Answer) => BackendOutcome,
): BackendOutcome {
  switch (ended.kind) {
    case "answered":
      return complete(isSendable(ended.answer) ? answerOf(ended.answer) : unsendable(ended.answer));
    case "overdue":
      return complete(problem(500, `Scoring timeout after ${String(runner.script.timeoutMs)} ms`, true));
    case "crashed":
      return { kind: "failed", reason: ended.reason };
    case "not-started":
      return ended;
  }
}

function answerOf({ status, headers, body, hasFailed, runMs }: ScoringAnswer): Answer {
  const timed = runMs === null ? [] : ["x-ms-run-fn-exec-ms", runMs.toFixed(3)];
  const own = withoutHeaders(headers, serversOwn);
  return {
    status,
    headers: [...own, ...(hasFailed === null ? [] : failedHeader(hasFailed)), ...timed],
    body,
  };
}

/** The script would wait for a reader of its stream, and with it every call after this one. */
function unsendable({ body }: ScoringAnswer): Answer {
  void leaveUnread(body);
  return problem(500, contract.unsendable, true);
}

/** Joins a body that comes in pieces; null where it is too large. */
async function collect(body: AsyncIterable<Uint8Array>, limit: number): Promise<Uint8Array | null> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.byteLength;
    if (size > limit) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}

function completed(exchange: Exchange, identity: readonly string[], answer: Answer): BackendOutcome {
  const { settings, headers, runner } = exchange;
  const { corsOrigins } = runner.script;
  const cors =
    corsOrigins.length === 0
      ? []
      : crossOriginHeaders(corsOrigins, {
          origin: headers.get("origin"),
          method: headers.get("access-control-request-method"),
          headers: headers.get("access-control-request-headers"),
        });
  const version = settings.serverVersion === null ? [] : ["x-ms-server-version", settings.serverVersion];
  logAccess(exchange, answer);
  return {
    kind: "answered",
    status: answer.status,
    headers: [...answer.headers, ...version, ...identity, ...cors],
    body: answer.body,
  };
}

/** Health probes are not worth a line. */
function logAccess({ settings, request, path, startedAt }: Exchange, { status, body }: Answer): void {
  if (settings.access === null || path === "/") return;
  const ms = (settings.clock.now() - startedAt).toFixed(3);
  const length = body instanceof Uint8Array ? String(body.byteLength) : "N/A";
  settings.access(`${request.method} ${request.target} ${String(status)} ${ms}ms ${length}`);
}

function refused(status: number, message: string): BackendOutcome {
  return { kind: "answered", ...problem(status, message) };
}

function problem(status: number, message: string, hasFailed = false): Answer {
  const body = Buffer.from(contract.messageBody(message));
  return { status, headers: [...typed(contract.jsonType), ...failedHeader(hasFailed)], body };
}

function typed(contentType: string): readonly string[] {
  return ["content-type", contentType];
}

function failedHeader(hasFailed: boolean): readonly string[] {
  return ["x-ms-run-function-failed", hasFailed ? "True" : "False"];
}
