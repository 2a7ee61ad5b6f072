/** The routes of SageMaker's contract for containers; all of them on one port. */
export const sagemakerRoutes = {
  ping: "/ping",
  invocations: "/invocations",
  /** A WebSocket. */
  stream: "/invocations-bidirectional-stream",
  executionParameters: "/execution-parameters",
  models: "/models",
  model: "/models/:name",
  invoke: "/models/:name/invoke",
} as const;
