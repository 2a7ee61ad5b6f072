import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { ServingError } from "../../contracts/serving-error.ts";

/**
 * Who may call. Without a key of the control plane every process of this machine may, with any token: clients of Azure
 * always bring one, and it has to be there so that no page in a browser can call, which may not send that header to
 * another server unasked. With a key the token has to be the key.
 */
export class Access {
  readonly #adminKeySha256: string | null;
  readonly #secret = randomBytes(24).toString("base64url");

  constructor(adminKeySha256: string | null) {
    this.#adminKeySha256 = adminKeySha256;
  }

  /** What lets its bearer read and write blobs, shaped as a shared access signature, which clients know by its fields. */
  get signature(): string {
    return `sv=2024-11-04&ss=b&srt=sco&sp=rwdlac&se=2999-12-31T00:00:00Z&sig=${this.#secret}`;
  }

  /** @throws ServingError UNAUTHENTICATED */
  checkToken({ headers, socket }: IncomingMessage): void {
    const token = /^\S+ +(\S+)/.exec(headers.authorization ?? "")?.[1];
    if (token !== undefined && this.#isAllowed(token, socket.remoteAddress)) return;
    const isMissing = token === undefined;
    throw new ServingError(
      "UNAUTHENTICATED",
      isMissing ? "The header Authorization is missing." : "The token is not the control plane's key.",
      {
        field: "authorization",
        expected: "Bearer <token>",
        hint:
          this.#adminKeySha256 === null
            ? "Any bearer token will do, on this machine."
            : "The credential's token has to be the control plane's key.",
      },
    );
  }

  mayUseBlobs(request: IncomingMessage, signature: string | null): boolean {
    if (signature === this.#secret) return true;
    const [, token] = (request.headers.authorization ?? "").split(" ", 2);
    const given = signature ?? token ?? "";
    return given !== "" && this.#isAllowed(given, request.socket.remoteAddress);
  }

  #isAllowed(token: string, peer: string | undefined): boolean {
    if (this.#adminKeySha256 === null) return isLoopback(peer);
    const digest = createHash("sha256").update(token).digest();
    return timingSafeEqual(digest, Buffer.from(this.#adminKeySha256, "hex"));
  }
}

function isLoopback(peer: string | undefined): boolean {
  return peer === "::1" || /^(?:::ffff:)?127\./.test(peer ?? "");
}
