import { createServer } from "node:net";
import { ServingError } from "../../contracts/serving-error.ts";
import { describeHolder, portHolder } from "./port-holder.ts";

/** How often chance may give a port that somebody holds. */
const mostTries = 50;

/**
 * TCP ports of this machine that servers of ours will listen on: between the choice of a port and the moment when its
 * server listens, nobody but this book knows that it is taken.
 */
export class PortBook {
  readonly #taken = new Set<number>();

  /** Whether this port is free to be listened on; if so it is taken now. */
  async take(port: number): Promise<boolean> {
    if (this.#taken.has(port)) return false;
    this.#taken.add(port);
    if ((await tryListen(port)) === port) return true;
    this.#taken.delete(port);
    return false;
  }

  /** Some free port, taken now. */
  async takeAny(): Promise<number> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const port = await tryListen(0);
      if (port === null || this.#taken.has(port)) continue;
      this.#taken.add(port);
      return port;
    }
    throw new ServingError("PORT_UNAVAILABLE", "This machine has no free port.");
  }

  /** Gives it back. */
  release(port: number): void {
    this.#taken.delete(port);
  }

  /** As `port 8003 is taken by python3 app.py (pid 4711)`. */
  describe(port: number): string {
    const holder = portHolder(port);
    const who =
      holder === null ? (this.#taken.has(port) ? "another instance" : null) : describeHolder(holder);
    return `port ${String(port)} is taken${who === null ? "" : ` by ${who}`}`;
  }
}

/** Listens for a moment, on all addresses as most servers do; the port, or null where that is not possible. */
function tryListen(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(null);
    });
    server.listen({ port, host: "0.0.0.0", exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        resolve(address !== null && typeof address === "object" ? address.port : null);
      });
    });
  });
}
