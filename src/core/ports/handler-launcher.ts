import type { Json } from "../../contracts/parameters.ts";
import type { BackendBody } from "./backend.ts";
import type { InstanceEnd } from "./instance-launcher.ts";

/** Starts processes that run somebody's handler: `handle(data, context)`, as Multi Model Server calls it. */
export interface HandlerLauncher {
  /**
   * Resolves when the handler has loaded its model. Rejects with MODEL_LOAD_FAILED, or with OUT_OF_MEMORY where it ran
   * out of memory, whatever the style of the handler; nothing of the process is left then.
   */
  start(launch: HandlerLaunch, log: HandlerLog): Promise<HandlerProcess>;
}

/** Takes what a handler's process writes, line by line, from its first line on. */
export type HandlerLog = (source: "stdout" | "stderr" | "hostler", text: string) => void;

/** How one process of a handler is started. */
export interface HandlerLaunch {
  readonly modelName: string;
  /** Absolute; the process's working folder, and on `sys.path`. */
  readonly modelFolder: string;
  /** As MMS writes it: `file.py:function`, `/abs/file.py:function`, `module:function`, `module`. */
  readonly handler: string;
  /** The archive's manifest as it was read: JSON, handed to the handler and never looked into. */
  readonly manifest: Json | null;
  readonly batchSize: number;
  readonly gpuId: number | null;
  /** Whether JSON and text bodies are decoded before the handler sees them (MMS's default; the toolkit's is not). */
  readonly decodesInput: boolean;
  /** What is added to the server's environment, or replaced in it. */
  readonly variables: Readonly<Record<string, string>>;
  /** Names of the server's own variables that the handler must not see (those that MMS's `blacklist_env_vars` matches). */
  readonly hiddenVariables?: readonly string[];
  /** Whether what the folder's `code/requirements.txt` asks for and is not there is installed for it; true unless given. */
  readonly installsRequirements?: boolean;
  readonly interpreter: string;
  /** Resolves when nobody wants the process any more: one that is still loading is ended, and `start` rejects. */
  readonly abandoned?: Promise<unknown>;
}

/** A process with a loaded handler. */
export interface HandlerProcess {
  readonly pid: number;
  /** When it had loaded its model: milliseconds of the epoch. */
  readonly startedAt: number;
  /** How many batches it takes at once, the one it runs among them; they are run in their order. Left out: one. */
  readonly window?: number;
  /** Runs a batch. Never rejects: an outcome says what happened. */
  run(batch: readonly HandlerRequest[]): Promise<HandlerOutcome>;
  /** Resolves when nothing of it is left, for whatever reason. */
  readonly ended: Promise<InstanceEnd>;
  /** Private bytes now; 0 where they cannot be told. */
  memoryBytes(): Promise<number>;
  /** Ends it at once; what it ran fails. */
  kill(): void;
  /** Lets what runs end for that long, then ends it; resolves when nothing of it is left. */
  stop(graceMs: number): Promise<void>;
}

/** One request of a batch. */
export interface HandlerRequest {
  readonly id: string;
  /** Name and value in turn, with the letters of the caller. */
  readonly headers: readonly string[];
  readonly inputs: readonly HandlerInput[];
}

/** One entry of what a handler is given for a request: the body, a part of a form, or a query parameter. */
export interface HandlerInput {
  readonly name: string;
  /** With its parameters, as it came; empty: none. */
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

export type HandlerOutcome =
  | {
      readonly kind: "answered";
      readonly items: readonly HandlerItem[];
      /** Set where the body of the only item is still being made: resolves when nothing more of it comes. */
      readonly streamed?: Promise<unknown>;
    }
  /** The whole batch failed in the handler: MMS's status (503, 507, or a PredictionException's) and message. */
  | {
      readonly kind: "failed";
      readonly status: number;
      readonly message: string;
      /** As MMS's error body names it: `InternalServerException`. */
      readonly type: string;
    }
  /** The process ended while it ran the batch. */
  | { readonly kind: "crashed"; readonly reason: string }
  /** The process ended before it came to the batch: it can run elsewhere. */
  | { readonly kind: "not-started" };

/** The answer to one request of a batch. */
export interface HandlerItem {
  readonly status: number;
  /** Empty: none was set. */
  readonly phrase: string;
  /** Name and value in turn; without the content type. */
  readonly headers: readonly string[];
  /** Null: the handler has set none. */
  readonly contentType: string | null;
  /** Whole, or in pieces as the handler yields them. */
  readonly body: BackendBody;
}
