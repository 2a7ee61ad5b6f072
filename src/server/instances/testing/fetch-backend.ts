import type { Backend, BackendCall, BackendRequest } from "../../../core/ports/backend.ts";
import type { ConnectBackend } from "../http-instance.ts";

/** A backend for tests: whole bodies, over fetch. */
export const connectByFetch: ConnectBackend = (address) => {
  const call = ({ method, target, body }: BackendRequest): BackendCall => {
    const bytes = body instanceof Uint8Array && body.byteLength > 0 ? Buffer.from(body) : null;
    const url = `http://${address.host}:${String(address.port)}${target}`;
    const outcome = fetch(url, { method, body: bytes, headers: { connection: "close" } }).then(
      async (reply) => ({
        kind: "answered" as const,
        status: reply.status,
        headers: [...reply.headers].flat(),
        body: new Uint8Array(await reply.arrayBuffer()),
      }),
      (error: unknown) => ({ kind: "not-started" as const, reason: String(error) }),
    );
    return { outcome, cancel: () => undefined };
  };
  const backend: Backend = { call, address };
  return { backend, stop: () => Promise.resolve() };
};
