import type { AsyncInference } from "../../contracts/sagemaker/endpoint-config.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type {
  AsyncInvocation,
  AsyncTicket,
  Invocation,
  InvocationOutcome,
} from "../../core/ports/hosted-runtime.ts";
import type { ObjectStore } from "../../core/ports/object-store.ts";
import { LoadSlots } from "../../core/residency/load-slots.ts";
import type { AsyncCallRecord, SagemakerStore } from "../sagemaker-records.ts";
import { headerOf } from "./serial-headers.ts";
import { wholeBody } from "./whole-body.ts";

export interface AsyncCallsOptions {
  readonly name: string;
  readonly store: SagemakerStore;
  readonly objects: ObjectStore;
  readonly wallTime: () => number;
  readonly invoke: (invocation: Invocation) => Promise<InvocationOutcome>;
}

const noBody = new Uint8Array();

/** Calls whose answers are written somewhere: kept until they have been, also when hostler is killed meanwhile. */
export class AsyncCalls {
  readonly #options: AsyncCallsOptions;
  #config: AsyncInference | null = null;
  #slots = new LoadSlots(1);
  #hasBegun = false;
  #isStopped = false;

  constructor(options: AsyncCallsOptions) {
    this.#options = options;
  }

  /** The endpoint serves: what an earlier run left is done first. */
  begin(config: AsyncInference | null, slots: number): void {
    this.#config = config;
    this.#slots = new LoadSlots(slots);
    if (this.#hasBegun || config === null) return;
    this.#hasBegun = true;
    const { store, name } = this.#options;
    for (const record of store.sagemaker.asyncCalls.of(name)) this.#enqueue(record);
  }

  /** Durable when it resolves. @throws ServingError INVALID_REQUEST */
  submit(call: AsyncInvocation): Promise<AsyncTicket> {
    return Promise.resolve().then(() => {
      const { store, name, wallTime } = this.#options;
      const ticket = this.#ticketFor(call);
      const { headers, input, inferenceId, ttlMs, timeoutMs } = call;
      const record = store.sagemaker.asyncCalls.insert({
        endpoint: name,
        call: {
          headers: [...headers],
          inputUrl: input.kind === "location" ? input.url : null,
          inferenceId,
          outputUrl: ticket.outputLocation,
          failureUrl: ticket.failureLocation,
          ttlMs,
          timeoutMs,
        },
        body: input.kind === "body" ? input.body : null,
        receivedAt: wallTime(),
      });
      this.#enqueue(record);
      return ticket;
    });
  }

  /** What waits stays in the state, and what runs is run again. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Asked anew, since it changes while something is waited for. */
  #hasStopped(): boolean {
    return this.#isStopped;
  }

  #ticketFor({ inferenceId, fileName, pathExtension }: AsyncInvocation): AsyncTicket {
    if (this.#config === null) {
      throw new ServingError(
        "INVALID_REQUEST",
        `Endpoint ${this.#options.name} takes no asynchronous calls: its configuration has no AsyncInferenceConfig.`,
      );
    }
    const { S3OutputPath, S3FailurePath } = this.#config.OutputConfig;
    if (S3OutputPath === undefined) {
      throw new ServingError(
        "INVALID_REQUEST",
        "AsyncInferenceConfig.OutputConfig has no S3OutputPath: answers have nowhere to go.",
      );
    }
    const folder = pathExtension === null ? "" : `${checkedPart(pathExtension, "S3OutputPathExtension")}/`;
    const file = fileName === null ? inferenceId : checkedPart(fileName, "Filename");
    const failures = S3FailurePath ?? S3OutputPath;
    return {
      outputLocation: `${withoutSlash(S3OutputPath)}/${folder}${file}.out`,
      failureLocation: `${withoutSlash(failures)}/${folder}${file}-error.out`,
    };
  }

  #enqueue(record: AsyncCallRecord): void {
    void this.#slots.run(async () => {
      if (this.#isStopped) return;
      const end = await this.#answer(record);
      // Nothing was begun: it waits for the endpoint, or for hostler's next start.
      if (end.kind === "lost") {
        if (!this.#hasStopped()) this.#enqueue(record);
        return;
      }
      // It may have failed since hostler stops: it is kept, and done once more after the next start.
      if (end.kind === "failed" && this.#hasStopped()) return;
      await this.#write(record, end);
      this.#forget(record);
    });
  }

  async #answer({ call, body, receivedAt }: AsyncCallRecord): Promise<AsyncEnd> {
    const { objects, wallTime, invoke } = this.#options;
    if (wallTime() - receivedAt > call.ttlMs)
      return failedWith("The request has expired before it was processed.");
    try {
      const input = call.inputUrl === null ? (body ?? noBody) : await objects.read(call.inputUrl);
      const { headers, timeoutMs } = call;
      const target = {
        targetModel: headerOf(headers, "x-amzn-sagemaker-target-model"),
        targetVariant: null,
        targetContainer: null,
      };
      return await endOf(await invoke({ headers, body: input, ...target, sessionId: null, timeoutMs }));
    } catch (error) {
      return failedWith(ServingError.from(error).message);
    }
  }

  /** Never rejects: where nothing can be written, the log of the failure is all there is. */
  async #write({ call }: AsyncCallRecord, end: AsyncEnd): Promise<void> {
    const { objects } = this.#options;
    try {
      if (end.kind === "answered") await objects.write(call.outputUrl, end.body, end.contentType);
      else if (call.failureUrl !== null)
        await objects.write(call.failureUrl, Buffer.from(end.message), "text/plain");
    } catch {
      // The place that was asked for cannot be written to; nobody waits who could be told.
    }
  }

  #forget({ number }: AsyncCallRecord): void {
    try {
      this.#options.store.sagemaker.asyncCalls.delete(number);
    } catch {
      // The state is closed already: it is done once more after the next start.
    }
  }
}

type AsyncEnd =
  | { readonly kind: "answered"; readonly body: Uint8Array; readonly contentType: string | null }
  | { readonly kind: "failed" | "lost"; readonly message: string };

function failedWith(message: string): AsyncEnd {
  return { kind: "failed", message };
}

async function endOf(outcome: InvocationOutcome): Promise<AsyncEnd> {
  if (outcome.kind === "refused") {
    const { code, message } = outcome.error;
    const isLost = code === "SHUTTING_DOWN" || code === "INSTANCE_NOT_READY";
    return { kind: isLost ? "lost" : "failed", message };
  }
  if (outcome.kind === "failed") return failedWith(outcome.error.message);
  const body = await wholeBody(outcome.body);
  const isGood = outcome.status >= 200 && outcome.status < 300;
  if (isGood) return { kind: "answered", body, contentType: headerOf(outcome.headers, "content-type") };
  return failedWith(
    `Received error (${String(outcome.status)}) from ${outcome.container} with message "${Buffer.from(body).toString()}".`,
  );
}

/** A name that goes into a path or a key, and may not lead out of it. */
function checkedPart(text: string, field: string): string {
  const isSafe =
    /^[\x21-\x7e]{1,1024}$/.test(text) &&
    !text.split("/").some((part) => part === "" || part === "." || part === "..");
  if (isSafe) return text;
  throw ServingError.invalidField(field, "a relative path", text.slice(0, 80));
}

function withoutSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
