import { METHODS } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { GatewayContext } from "./context.ts";
import { Copies } from "./copies.ts";
import { Passage } from "./passage.ts";
import { gatewayRoutes } from "./routes.ts";
import { Tunnels } from "./tunnels.ts";

export type { GatewayContext } from "./context.ts";

/** Puts the data plane of endpoints on a listener: every method, every path below `/endpoints/NAME`. */
export function registerGateway(app: FastifyInstance, context: GatewayContext): void {
  const copies = new Copies(context.clock);
  const tunnels = new Tunnels(context);
  allowAllMethods(app);
  for (const url of gatewayRoutes) {
    app.route({
      method: [...app.supportedMethods],
      url,
      exposeHeadRoute: false,
      handler: (request: FastifyRequest, reply: FastifyReply): void => {
        reply.hijack();
        const exchange = { request: request.raw, response: reply.raw };
        if (context.isTaken?.(exchange) !== true) void new Passage(context, copies, exchange).run();
      },
    });
  }
  tunnels.listen(app.server);
  app.addHook("preClose", (done) => {
    copies.stop();
    tunnels.stop();
    done();
  });
}

/** Whatever a server behind an endpoint takes; CONNECT is no method on a path. */
function allowAllMethods(app: FastifyInstance): void {
  for (const method of METHODS) {
    if (method !== "CONNECT" && !app.supportedMethods.includes(method))
      app.addHttpMethod(method, { hasBody: true });
  }
}
