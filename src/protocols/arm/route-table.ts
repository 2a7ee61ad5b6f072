import { ServingError } from "../../contracts/serving-error.ts";
import { type ArmRoute, armRoutes } from "./routes.ts";

export interface RouteMatch {
  readonly route: ArmRoute;
  readonly params: ReadonlyMap<string, string>;
}

interface Template {
  readonly route: ArmRoute;
  readonly parts: readonly string[];
}

const templates: readonly Template[] = armRoutes.map((route) => ({ route, parts: partsOf(route.path) }));

/**
 * Finds what a request asks for. The router of the server cannot: Azure compares all parts of a path but the names
 * without regard to case, and its clients rely on it.
 *
 * @param path without the query, as it came over the wire; the server has seen that it can be decoded
 * @throws ServingError ROUTE_NOT_FOUND, METHOD_NOT_ALLOWED
 */
export function matchRoute(method: string, path: string): RouteMatch {
  const parts = partsOf(path).map(decodeURIComponent);
  const fitting = templates.flatMap(({ route, parts: template }) => {
    const params = paramsOf(template, parts);
    return params === null ? [] : [{ route, params }];
  });
  const match = fitting.find(({ route }) => route.method === method);
  if (match !== undefined) return match;
  const allow = fitting.map(({ route }) => route.method);
  if (allow.length > 0) {
    throw new ServingError("METHOD_NOT_ALLOWED", `Method ${method} is not allowed here.`, { allow });
  }
  throw new ServingError("ROUTE_NOT_FOUND", `No such path: ${path.slice(0, 300)}`, {
    hint: "Workspaces, online endpoints, deployments, models, environments, codes and datastores are here.",
  });
}

/** Null where the path is another one. */
function paramsOf(template: readonly string[], parts: readonly string[]): ReadonlyMap<string, string> | null {
  if (template.length !== parts.length) return null;
  const params = new Map<string, string>();
  for (const [index, expected] of template.entries()) {
    const part = parts[index] ?? "";
    if (expected.startsWith(":")) {
      if (part === "") return null;
      params.set(expected.slice(1), part);
    } else if (expected.toLowerCase() !== part.toLowerCase()) return null;
  }
  return params;
}

function partsOf(path: string): readonly string[] {
  return path.replace(/^\/+|\/+$/g, "").split("/");
}
