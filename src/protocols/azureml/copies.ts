import { ServingError } from "../../contracts/serving-error.ts";
import type { BackendCall, BackendRequest } from "../../core/ports/backend.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type {
  Lease,
  LiveDeployment,
  LiveEndpoint,
  MirroredAnswer,
} from "../../core/ports/endpoint-directory.ts";
import { targetOn } from "./decode.ts";
import { Patience } from "./patience.ts";
import { BodyCopy } from "./send-body.ts";

/** Answers beyond this are not compared: reading them as JSON would hold up live calls. */
export const comparedBytes = 256 * 1024;

/** Status under which a copy without an answer is counted. */
const noAnswer = 502;

/** A live request that has been answered, and who gets a copy of it. */
export interface LiveCall {
  readonly endpoint: LiveEndpoint;
  readonly mirror: LiveDeployment;
  readonly request: Omit<BackendRequest, "target"> & { readonly body: Uint8Array };
  /** Path below the endpoint: the mirrored deployment may have another scoring route. */
  readonly path: string;
  readonly answer: MirroredAnswer;
}

/**
 * Sends copies of live requests and compares the answers, always after the live answer has gone out: whatever happens to
 * a copy, the live caller does not notice.
 */
export class Copies {
  readonly #clock: Clock;
  readonly #underWay = new Set<Patience>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  send(live: LiveCall): void {
    const lease = live.mirror.admitMirror();
    if (lease === null) live.endpoint.comparison.dropped();
    else void this.#send(live, lease);
  }

  /** Ends those that are under way. */
  stop(): void {
    for (const patience of this.#underWay)
      patience.end(new ServingError("SHUTTING_DOWN", "The server is stopping."));
  }

  async #send(live: LiveCall, lease: Lease): Promise<void> {
    const { endpoint, mirror, request, path } = live;
    const startedAt = this.#clock.now();
    const call = lease.backend.call({ ...request, target: targetOn(lease.routes, path) });
    const patience = this.#patienceFor(mirror, call);
    this.#underWay.add(patience);
    try {
      const { status, body } = await readAnswer(call, patience);
      const totalMs = this.#clock.now() - startedAt;
      mirror.ended({ status, totalMs });
      if (body === null) endpoint.comparison.dropped();
      else this.#compare(live, { status, body, totalMs });
    } catch {
      mirror.ended({ status: noAnswer, totalMs: this.#clock.now() - startedAt });
      endpoint.comparison.failed();
    } finally {
      patience.done();
      this.#underWay.delete(patience);
      lease.release();
    }
  }

  /** In a turn of its own: reading two answers as JSON takes longer than passing one on. */
  #compare({ endpoint, mirror, request, answer }: LiveCall, mirrored: MirroredAnswer): void {
    this.#clock.defer(() => {
      endpoint.comparison.compared({
        deployment: mirror.name,
        request: request.body,
        live: answer,
        mirrored,
      });
    });
  }

  #patienceFor(mirror: LiveDeployment, call: BackendCall): Patience {
    return new Patience(this.#clock, {
      limitMs: mirror.timeoutMs,
      late: () => new ServingError("DEADLINE_EXCEEDED", "The copy was not answered in time."),
      onEnd: () => {
        call.cancel();
      },
    });
  }
}

interface WholeAnswer {
  readonly status: number;
  /** Null where it is too large to compare. */
  readonly body: Uint8Array | null;
}

/** Rejects where there is none. */
async function readAnswer(call: BackendCall, patience: Patience): Promise<WholeAnswer> {
  const outcome = await patience.until(call.outcome);
  if (outcome.kind !== "answered") throw new ServingError("WORKER_DIED", outcome.reason);
  const { status, body } = outcome;
  const copy = new BodyCopy(comparedBytes);
  if (body instanceof Uint8Array) copy.add(body);
  else for await (const chunk of patience.piecesOf(body)) copy.add(chunk);
  return { status, body: copy.bytes };
}
