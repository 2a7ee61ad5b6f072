import { fastifyCors } from "@fastify/cors";
import type { FastifyInstance } from "fastify";
import type { CorsSettings } from "../contracts/settings.ts";

/**
 * Cross-origin requests as the settings allow them; the headers go out with raw replies too.
 *
 * @param isOptionsAnswered whether an OPTIONS that is no preflight goes on, to an API that answers it
 */
export async function allowOrigins(
  app: FastifyInstance,
  cors: CorsSettings,
  { isOptionsAnswered = false }: { readonly isOptionsAnswered?: boolean } = {},
): Promise<void> {
  const patterns = cors.allowOriginRegex === null ? [] : [new RegExp(`^(?:${cors.allowOriginRegex})$`)];
  const isAny = cors.allowOrigins.includes("*");
  const options = {
    origin:
      isAny && !cors.allowCredentials
        ? "*"
        : [...cors.allowOrigins.filter((origin) => origin !== "*"), ...patterns],
    credentials: cors.allowCredentials,
    methods: [...cors.allowMethods],
    allowedHeaders: [...cors.allowHeaders],
    ...(cors.exposeHeaders.length === 0 ? {} : { exposedHeaders: [...cors.exposeHeaders] }),
    maxAge: cors.maxAgeS,
  };
  if (isOptionsAnswered) {
    await app.register(fastifyCors, {
      delegator: ({ headers }, decide) => {
        const isPreflight = "origin" in headers && "access-control-request-method" in headers;
        decide(null, { ...options, preflight: isPreflight });
      },
    });
  } else await app.register(fastifyCors, options);
  app.addHook("onRequest", (_request, reply, done) => {
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    done();
  });
}
