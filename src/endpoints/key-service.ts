import type { AccessToken, EndpointSpec, KeyPair, KeyType } from "../contracts/control/endpoint.ts";
import type { EndpointName } from "../contracts/control/names.ts";
import { ServingError } from "../contracts/serving-error.ts";
import type { Actor, EndpointKeys } from "../core/ports/endpoint-operations.ts";
import { withNewKey } from "./credentials.ts";
import type { EndpointService } from "./endpoint-service.ts";
import type { EventLog } from "./event-log.ts";
import type { LiveEndpoints } from "./live-endpoints.ts";
import type { EndpointSecrets } from "./records.ts";
import { attempt } from "./shared/attempt.ts";
import type { Store } from "./store/store.ts";

export interface KeyServiceOptions {
  readonly store: Store;
  readonly events: EventLog;
  readonly live: LiveEndpoints;
  readonly endpoints: EndpointService;
}

/** Keys and tokens of endpoints. */
export class KeyService implements EndpointKeys {
  readonly #options: KeyServiceOptions;

  constructor(options: KeyServiceOptions) {
    this.#options = options;
  }

  keys(name: EndpointName): Promise<KeyPair> {
    return attempt(() => pairOf(this.#secrets(name)));
  }

  regenerate(name: EndpointName, type: KeyType, actor: Actor): Promise<KeyPair> {
    return attempt(() => {
      const { store, events, live } = this.#options;
      const secrets = withNewKey(this.#secrets(name), type);
      store.endpoints.setSecrets(name, secrets);
      live.get(name)?.credentials.setSecrets(secrets);
      const message = `The ${type} key is new, by ${actor.name}; the old one is refused.`;
      events.add(name, null, { reason: "KeyRegenerated", message, level: "info" });
      return pairOf(secrets);
    });
  }

  token(name: EndpointName): Promise<AccessToken> {
    return attempt(() => {
      const { auth_mode } = this.#options.endpoints.record(name).spec;
      if (auth_mode === "key") throw wrongMode(name, auth_mode, "tokens", "keys");
      const running = this.#options.live.get(name);
      if (running === undefined) throw new ServingError("INTERNAL", `The endpoint ${name} is not in memory.`);
      return running.credentials.issue();
    });
  }

  #secrets(name: EndpointName): EndpointSecrets {
    const { auth_mode } = this.#options.endpoints.record(name).spec;
    if (auth_mode !== "key") throw wrongMode(name, auth_mode, "keys", "tokens");
    const stored = this.#options.store.endpoints.find(name);
    if (stored === undefined) throw new ServingError("INTERNAL", `The endpoint ${name} has no row.`);
    return stored.secrets;
  }
}

function pairOf({ primary, secondary }: EndpointSecrets): KeyPair {
  return { primary_key: primary, secondary_key: secondary };
}

function wrongMode(
  name: EndpointName,
  mode: EndpointSpec["auth_mode"],
  asked: string,
  has: string,
): ServingError {
  return new ServingError(
    "CONFLICT",
    `The endpoint ${name} has ${has}, not ${asked}: its auth_mode is ${mode}.`,
    {
      field: "auth_mode",
      got: mode,
      hint: `Ask for ${has}, or change auth_mode.`,
    },
  );
}
