import { fastifyCors } from "@fastify/cors";
import type { FastifyInstance } from "fastify";
import type { CorsSettings } from "../contracts/settings.ts";

/** Cross-origin requests as the settings allow them; the headers go out with raw replies too. */
export async function allowOrigins(app: FastifyInstance, cors: CorsSettings): Promise<void> {
  const patterns = cors.allowOriginRegex === null ? [] : [new RegExp(`^(?:${cors.allowOriginRegex})$`)];
  const isAny = cors.allowOrigins.includes("*");
  await app.register(fastifyCors, {
    origin:
      isAny && !cors.allowCredentials
        ? "*"
        : [...cors.allowOrigins.filter((origin) => origin !== "*"), ...patterns],
    credentials: cors.allowCredentials,
    methods: [...cors.allowMethods],
    allowedHeaders: [...cors.allowHeaders],
    exposedHeaders: [...cors.exposeHeaders],
    maxAge: cors.maxAgeS,
  });
  app.addHook("onRequest", (_request, reply, done) => {
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    done();
  });
}
