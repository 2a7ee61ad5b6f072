/** Below this an endpoint's name, and below that its data plane. */
export const endpointsPath = "/endpoints/";

/** Route templates of the data plane. They ask for the endpoint's own keys, not for those of the server. */
export const gatewayRoutes = ["/endpoints/:endpoint", "/endpoints/:endpoint/*"] as const;
export type GatewayRoute = (typeof gatewayRoutes)[number];

/** What logs and metrics call a request to the data plane, whatever its path below the endpoint. */
export const observedRoute = "/endpoints/:endpoint/*" satisfies GatewayRoute;
