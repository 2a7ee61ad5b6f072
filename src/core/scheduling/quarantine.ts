import type { Payload } from "../tensors/tensor.ts";

/** Crashes alone after which a request is refused. */
const fatalCrashes = 2;
/** Requests remembered per model: enough for a bad client, bounded for a hostile one. */
const maxRemembered = 256;

/**
 * Requests that were in a batch when a worker died.
 *
 * A crash is charged to a request only if it ran alone; one that was in a crashed batch is a suspect and runs alone
 * next time. So a poison request is found after at most three crashes and takes nobody with it after the first.
 */
export class Quarantine {
  readonly #crashesAlone = new Map<string, number>();

  /** A batch crashed: every payload in it becomes a suspect; a lone one is charged. */
  crashed(payloads: readonly Payload[]): void {
    for (const payload of payloads) {
      const fingerprint = fingerprintOf(payload);
      const before = this.#crashesAlone.get(fingerprint) ?? 0;
      this.#crashesAlone.delete(fingerprint);
      this.#crashesAlone.set(fingerprint, before + (payloads.length === 1 ? 1 : 0));
    }
    for (const oldest of this.#crashesAlone.keys()) {
      if (this.#crashesAlone.size <= maxRemembered) break;
      this.#crashesAlone.delete(oldest);
    }
  }

  /** It ran alone and nothing happened: no longer a suspect. */
  survived(payload: Payload): void {
    if (this.#crashesAlone.size > 0) this.#crashesAlone.delete(fingerprintOf(payload));
  }

  verdict(payload: Payload): "free" | "suspect" | "refused" {
    if (this.#crashesAlone.size === 0) return "free";
    const crashes = this.#crashesAlone.get(fingerprintOf(payload));
    if (crashes === undefined) return "free";
    return crashes >= fatalCrashes ? "refused" : "suspect";
  }
}

/** 64 bits over everything that the model sees: two FNV-1a sums with different starts. */
function fingerprintOf(payload: Payload): string {
  const sum = new Fingerprint();
  if (payload.kind === "opaque") sum.text(payload.contentType).bytes(payload.bytes);
  else {
    for (const { name, datatype, shape, data } of payload.tensors) {
      sum.text(`${name};${datatype};${shape.join(",")};`);
      sum.bytes(data.encoding === "binary" ? data.bytes : data.text);
    }
  }
  return sum.toString();
}

class Fingerprint {
  #low = 0x811c9dc5;
  #high = 0x01000193;

  bytes(bytes: Uint8Array): this {
    for (const byte of bytes) this.#add(byte);
    return this;
  }

  text(text: string): this {
    for (let index = 0; index < text.length; index += 1) this.#add(text.charCodeAt(index));
    return this;
  }

  #add(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x01000193);
    this.#high = Math.imul(this.#high ^ value, 0x85ebca6b) + 1;
  }

  toString(): string {
    return `${(this.#low >>> 0).toString(16)}-${(this.#high >>> 0).toString(16)}`;
  }
}
