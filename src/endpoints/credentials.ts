import { createHmac, hash, randomBytes, timingSafeEqual } from "node:crypto";
import type { AccessToken, EndpointSpec, KeyType } from "../contracts/control/endpoint.ts";
import type { EndpointSecrets } from "./records.ts";

const keyBytes = 32;
const nonceBytes = 18;
const expiryBytes = 6;
const tokenLifeS = 2 * 60 * 60;
/** Whoever holds a token gets a new one after this time. */
const refreshAfterS = tokenLifeS / 2;

export function newSecrets(): EndpointSecrets {
  return { primary: newKey(), secondary: newKey(), signing: newKey() };
}

/** The same secrets with one key new. */
export function withNewKey(secrets: EndpointSecrets, type: KeyType): EndpointSecrets {
  return { ...secrets, [type]: newKey() };
}

function newKey(): string {
  return randomBytes(keyBytes).toString("base64url");
}

/**
 * Who may call an endpoint: either key where its `auth_mode` is `key`, a token of its own otherwise. Tokens are signed
 * rather than kept, so that they outlive a restart and cost nothing.
 */
export class Credentials {
  readonly #wallTime: () => number;
  #mode: EndpointSpec["auth_mode"];
  #keys: readonly Buffer[] = [];
  #signing = "";

  /** @param wallTime milliseconds since 1970 */
  constructor(secrets: EndpointSecrets, mode: EndpointSpec["auth_mode"], wallTime: () => number) {
    this.#wallTime = wallTime;
    this.#mode = mode;
    this.setSecrets(secrets);
  }

  setSecrets({ primary, secondary, signing }: EndpointSecrets): void {
    this.#keys = [primary, secondary].map(digestOf);
    this.#signing = signing;
  }

  setMode(mode: EndpointSpec["auth_mode"]): void {
    this.#mode = mode;
  }

  /** Takes the same time for every wrong token of a mode. */
  admits(token: string): boolean {
    return this.#mode === "key" ? this.#isKey(token) : this.#isToken(token);
  }

  issue(): AccessToken {
    const now = Math.floor(this.#wallTime() / 1000);
    const expiry = Buffer.alloc(expiryBytes);
    expiry.writeUIntBE(now + tokenLifeS, 0, expiryBytes);
    const payload = Buffer.concat([randomBytes(nonceBytes), expiry]).toString("base64url");
    return {
      access_token: `${payload}.${this.#sign(payload).toString("base64url")}`,
      expiry_time_utc: now + tokenLifeS,
      refresh_after_time_utc: now + refreshAfterS,
      token_type: "Bearer",
    };
  }

  #isKey(token: string): boolean {
    const digest = digestOf(token);
    // Both are compared, so that the time does not tell which one was nearly right.
    return this.#keys.reduce((found, key) => timingSafeEqual(key, digest) || found, false);
  }

  #isToken(token: string): boolean {
    const [payload = "", signature = ""] = token.split(".", 2);
    const isSigned = timingSafeEqual(
      digestOf(this.#sign(payload).toString("base64url")),
      digestOf(signature),
    );
    const bytes = Buffer.from(payload, "base64url");
    if (!isSigned || bytes.byteLength !== nonceBytes + expiryBytes) return false;
    return bytes.readUIntBE(nonceBytes, expiryBytes) * 1000 > this.#wallTime();
  }

  #sign(payload: string): Buffer {
    return createHmac("sha256", this.#signing).update(payload).digest();
  }
}

function digestOf(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
