import { ServingError } from "../../../contracts/serving-error.ts";
import type {
  HandlerItem,
  HandlerLaunch,
  HandlerLauncher,
  HandlerOutcome,
  HandlerProcess,
  HandlerRequest,
} from "../../../core/ports/handler-launcher.ts";
import type { InstanceEnd } from "../../../core/ports/instance-launcher.ts";

/** Handlers in this process, named after what they do. */
export const scriptedHandlers: HandlerLauncher = {
  start(launch: HandlerLaunch): Promise<HandlerProcess> {
    const name = launch.modelFolder.split("/").at(-1) ?? "";
    if (name === "initfails") return Promise.reject(new ServingError("MODEL_LOAD_FAILED", "It raised."));
    if (name === "oom") return Promise.reject(new ServingError("OUT_OF_MEMORY", "System out of memory"));
    return Promise.resolve(new ScriptedHandler(name));
  },
};

class ScriptedHandler implements HandlerProcess {
  readonly pid = 0;
  readonly startedAt = 1_700_000_000_000;
  readonly ended: Promise<InstanceEnd>;
  readonly #name: string;
  readonly #end: (end: InstanceEnd) => void;

  constructor(name: string) {
    this.#name = name;
    const { promise, resolve } = Promise.withResolvers<InstanceEnd>();
    this.ended = promise;
    this.#end = resolve;
  }

  run(batch: readonly HandlerRequest[]): Promise<HandlerOutcome> {
    const failure = failures[this.#name];
    if (failure !== undefined) return Promise.resolve(failure);
    if (this.#name === "hangs") return new Promise<never>(() => undefined);
    const items = batch.map((request) => this.#answer(request));
    return Promise.resolve({ kind: "answered", items });
  }

  memoryBytes(): Promise<number> {
    return Promise.resolve(4096);
  }

  kill(): void {
    this.#end({ reason: "killed by SIGKILL", isHopeless: false });
  }

  stop(): Promise<void> {
    this.kill();
    return Promise.resolve();
  }

  #answer(request: HandlerRequest): HandlerItem {
    const plain = { status: 200, phrase: "", headers: [], contentType: null };
    switch (this.#name) {
      case "teapot":
        return {
          ...{ status: 418, phrase: "teapot!", contentType: "text/csv", body: Buffer.from("abc") },
          headers: ["X-Foo", "bar", "Content-Length", "70", "Connection", "upgrade"],
        };
      case "large":
        return { ...plain, body: Buffer.alloc(2000) };
      case "badheader":
        return { ...plain, headers: ["X-Bad", "two\r\nlines"], body: Buffer.from("x") };
      default:
        return { ...plain, body: Buffer.from(toldOf(request)) };
    }
  }
}

/** What a handler was given, as `name:type=text name:type=text`. */
function toldOf({ inputs }: HandlerRequest): string {
  return inputs
    .map(({ name, contentType, bytes }) => `${name}:${contentType}=${Buffer.from(bytes).toString()}`)
    .join(" ");
}

const type = "InternalServerException";
const failures: Readonly<Record<string, HandlerOutcome>> = {
  fails: { kind: "failed", status: 503, message: "Prediction failed", type },
  predexc: { kind: "failed", status: 599, message: "Some Prediction Error", type },
  dies: { kind: "crashed", reason: "killed by SIGKILL" },
};
