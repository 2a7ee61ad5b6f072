import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServingError } from "../../contracts/serving-error.ts";
import { readBody } from "../http/body.ts";
import type { V2Context } from "./context.ts";
import { encodeError, statusOf } from "../http/errors.ts";
import { handleInfer } from "./infer.ts";
import { type OperationReply, operations } from "./operations.ts";
import { type V2Operation, type V2Route, v2Routes } from "./routes.ts";

export type { V2Context } from "./context.ts";

/** Puts the V2 routes on a listener. */
export function registerV2(app: FastifyInstance, context: V2Context): void {
  for (const route of v2Routes) {
    const { method, path, operation } = route;
    const handler =
      operation === "infer"
        ? inferHandler(context, route)
        : (request: FastifyRequest, reply: FastifyReply) =>
            operate(context, { route, operation }, { request, reply });
    app.route({ method, url: path, handler });
  }
}

function inferHandler(context: V2Context, { path }: V2Route) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack();
    const { name, version } = targetOf(request);
    void handleInfer(context, request.raw, reply.raw, { route: path, name, version });
  };
}

async function operate(
  context: V2Context,
  { route, operation }: { readonly route: V2Route; readonly operation: Exclude<V2Operation, "infer"> },
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<FastifyReply> {
  const { name, version } = targetOf(request);
  const startedAt = context.clock.now();
  context.observer.started();
  const read = (): Promise<Buffer> => readBody(request.raw, context.maxBodyBytes);
  let failure: ServingError | null = null;
  let answer: OperationReply;
  try {
    answer = await operations[operation](context, { name, version, readBody: read });
  } catch (error) {
    failure = ServingError.from(error);
    answer = { status: statusOf[failure.code], body: encodeError(failure) };
    if (failure.details.retryAfterS !== undefined) reply.header("retry-after", failure.details.retryAfterS);
  }
  // A buffer: to a string, Fastify would add a charset, which JSON does not have.
  const body = answer.body === null ? null : Buffer.from(JSON.stringify(answer.body));
  if (body !== null) reply.header("content-type", "application/json");
  context.observer.ended({
    protocol: "v2",
    method: route.method,
    route: route.path,
    status: answer.status,
    code: failure?.code ?? null,
    model: null,
    requestedVersion: version,
    requestId: null,
    bytesIn: Number(request.headers["content-length"] ?? 0),
    bytesOut: body?.byteLength ?? 0,
    timing: null,
    totalMs: context.clock.now() - startedAt,
    error: failure,
  });
  return body === null ? reply.code(answer.status).send() : reply.code(answer.status).send(body);
}

/** Which model a request names. On unversioned routes `?model_version=` selects a version too, as in MLServer. */
function targetOf(request: FastifyRequest): { readonly name: string; readonly version: string | null } {
  const name = textOf(request.params, "name") ?? "";
  const version = textOf(request.params, "version") ?? textOf(request.query, "model_version");
  return { name, version: version === undefined || version === "" ? null : version };
}

function textOf(fields: unknown, key: string): string | undefined {
  if (typeof fields !== "object" || fields === null) return undefined;
  const value: unknown = Reflect.get(fields, key);
  return typeof value === "string" ? value : undefined;
}
