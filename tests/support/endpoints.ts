import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { temporaryFolder } from "./folders.ts";
import { send, type HttpReply } from "./http.ts";
import type { RunningUp } from "./up.ts";

/** Control API and data plane of a running `hostler up`, as a test needs them. */

const deploymentSchema = z.looseObject({ provisioning_state: z.string(), reason: z.string().nullable() });
export type SeenDeployment = z.infer<typeof deploymentSchema>;

export async function control(
  up: Pick<RunningUp, "controlUrl">,
  method: string,
  path: string,
  body?: unknown,
): Promise<HttpReply> {
  return send(up.controlUrl, {
    method,
    path,
    ...(body === undefined
      ? {}
      : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
}

/** The same for what has to succeed; the answer's JSON. */
export async function controlJson(
  up: Pick<RunningUp, "controlUrl">,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const reply = await control(up, method, path, body);
  if (reply.status >= 300) throw new Error(`${method} ${path}: ${String(reply.status)} ${reply.body}`);
  return reply.body === "" ? null : JSON.parse(reply.body);
}

/** Creates an endpoint and returns its primary key. */
export async function createEndpoint(up: RunningUp, name: string, spec: object = {}): Promise<string> {
  await controlJson(up, "PUT", `/api/endpoints/${name}`, { name, ...spec });
  const keys = await controlJson(up, "POST", `/api/endpoints/${name}/keys`);
  return z.object({ primary_key: z.string() }).parse(keys).primary_key;
}

export interface ScriptDeployment {
  readonly endpoint: string;
  readonly name: string;
  /** The scoring script. */
  readonly script: string;
  readonly spec?: object;
}

/** Registers a script and deploys it; what became of it, whatever that is. */
export async function deployScript(up: RunningUp, deployment: ScriptDeployment): Promise<SeenDeployment> {
  const place = await putScript(up, deployment);
  return deploymentSchema.parse(await controlJson(up, "GET", `${place}?wait=60`));
}

/** The same without waiting for what becomes of it; the deployment's path in the control API. */
export async function putScript(
  up: RunningUp,
  { endpoint, name, script, spec = {} }: ScriptDeployment,
): Promise<string> {
  const folder = await temporaryFolder();
  try {
    const path = join(folder.path, "code");
    await mkdir(path);
    await writeFile(join(path, "score.py"), script);
    const asset = await controlJson(up, "POST", "/api/codes", { name: `${endpoint}-${name}`, path });
    const code = z.object({ name: z.string(), version: z.string() }).parse(asset);
    const place = `/api/endpoints/${endpoint}/deployments/${name}`;
    await controlJson(up, "PUT", place, {
      name,
      endpoint_name: endpoint,
      code_configuration: { code: { name: code.name, version: code.version }, scoring_script: "score.py" },
      ...spec,
    });
    return place;
  } finally {
    await folder.remove();
  }
}

export interface ScoreRequest {
  readonly endpoint: string;
  readonly key: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
  /** Below the endpoint. */
  readonly path?: string;
}

export function score(up: Pick<RunningUp, "url">, request: ScoreRequest): Promise<HttpReply> {
  const { endpoint, key, body = "{}", headers = {}, method = "POST", path = "/score" } = request;
  return send(up.url, {
    method,
    path: `/endpoints/${endpoint}${path}`,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    body: method === "GET" ? null : body,
  });
}
