import type { MmsProfile } from "./context.ts";

/** What a path and a method ask for. */
export type MmsRoute =
  | InvokeRoute
  | { readonly operation: "describe-api" | "ping" | "list" | "register" }
  | { readonly operation: "describe-model"; readonly model: string }
  | { readonly operation: "no-such-method" | "no-such-path" }
  | {
      readonly operation: "describe" | "scale" | "unregister";
      readonly model: string;
      readonly version: string | null;
    }
  | { readonly operation: "describe-all"; readonly model: string }
  | { readonly operation: "set-default"; readonly model: string; readonly version: string };

export interface InvokeRoute {
  readonly operation: "invoke";
  /** As access logs and metrics have it. */
  readonly template: string;
  /** Null: `?model_name=` says it, or there is only one. */
  readonly model: string | null;
  readonly version: string | null;
  /** Whether the handler sees the query's parameters. */
  readonly takesQuery: boolean;
}

/** Which APIs a listener has: those with the same address share it. Metrics are put beside them by whoever has them. */
export interface MmsApis {
  readonly inference: boolean;
  readonly management: boolean;
  readonly metrics: boolean;
}

export interface RouteTable {
  readonly apis: MmsApis;
  readonly profile: MmsProfile;
}

const noSuchMethod: MmsRoute = { operation: "no-such-method" };
const noSuchPath: MmsRoute = { operation: "no-such-path" };

/**
 * Finds what a request asks for, in Multi Model Server's order: the description of the API, inference, management.
 *
 * @param path without its query
 */
export function routeOf({ apis, profile }: RouteTable, method: string, path: string): MmsRoute {
  const segments = segmentsOf(path);
  if (segments === null) return noSuchPath;
  const [first = ""] = segments;
  if (first === "" && segments.length <= 1) {
    return method === "OPTIONS" ? { operation: "describe-api" } : noSuchMethod;
  }
  if (first === "api-description" && segments.length === 1) return { operation: "describe-api" };
  const found = apis.inference ? inferenceRoute(profile, method, segments) : null;
  if (found !== null) return found;
  if (!apis.management || first !== "models") return noSuchPath;
  return managementRoute(profile, method, segments);
}

/** Decoded one by one, so that a name may have a slash in it; null where they cannot be. */
function segmentsOf(path: string): readonly string[] | null {
  const raw = path.replace(/^\/+/, "").replace(/\/+$/, "").split("/");
  if (!path.includes("%")) return raw;
  try {
    return raw.map(decodeURIComponent);
  } catch {
    return null;
  }
}

function inferenceRoute(profile: MmsProfile, method: string, segments: readonly string[]): MmsRoute | null {
  const [first = "", second, third] = segments;
  if (first === "ping" && segments.length === 1) return { operation: "ping" };
  const target = invokeTarget(profile, segments);
  if (target === null) return null;
  if (target.model === "" || (first === "predictions" && second === undefined)) return noSuchPath;
  if (method === "OPTIONS" && target.model !== null) {
    return { operation: "describe-model", model: target.model };
  }
  return first === "models" && third !== "invoke" ? null : target;
}

function invokeTarget(profile: MmsProfile, segments: readonly string[]): InvokeRoute | null {
  const [first = "", second = "", third] = segments;
  const operation = "invoke";
  if (first === "predictions") {
    const version = profile === "torchserve" ? (third ?? null) : null;
    // Here, and only here, the query is not the handler's.
    return { operation, template: "/predictions/:model", model: second, version, takesQuery: false };
  }
  const rest = { operation, version: null, takesQuery: true } as const;
  if (first === "invocations" && segments.length === 1) {
    return { ...rest, template: "/invocations", model: null };
  }
  if (first === "models" && third === "invoke" && segments.length === 3) {
    return { ...rest, template: "/models/:model/invoke", model: second };
  }
  if (second === "predict" && segments.length === 2) {
    return { ...rest, template: "/:model/predict", model: first };
  }
  return null;
}

function managementRoute(profile: MmsProfile, method: string, segments: readonly string[]): MmsRoute {
  const [, model, third, fourth] = segments;
  if (model === undefined) {
    if (method === "GET") return { operation: "list" };
    return method === "POST" ? { operation: "register" } : noSuchMethod;
  }
  if (third === undefined) return modelRoute(method, model, null);
  if (profile === "mms") return noSuchPath;
  if (fourth === "set-default" && segments.length === 4) {
    return method === "PUT" ? { operation: "set-default", model, version: third } : noSuchMethod;
  }
  if (fourth !== undefined) return noSuchPath;
  if (third === "all") return method === "GET" ? { operation: "describe-all", model } : noSuchMethod;
  return modelRoute(method, model, third);
}

function modelRoute(method: string, model: string, version: string | null): MmsRoute {
  switch (method) {
    case "GET":
      return { operation: "describe", model, version };
    case "PUT":
      return { operation: "scale", model, version };
    case "DELETE":
      return { operation: "unregister", model, version };
    default:
      return noSuchMethod;
  }
}
