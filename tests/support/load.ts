import { Agent } from "node:http";
import { send, type HttpReply, type HttpRequest } from "./http.ts";
import { until } from "./until.ts";

export interface Answered extends HttpReply {
  /** Which request this answers: they are counted from 0. */
  readonly index: number;
  readonly endedAt: number;
}

/** Callers that each send one request after the other, on connections that they keep, until they are told to stop. */
export class Load {
  readonly answers: Answered[] = [];
  /** Calls that got no reply at all. */
  readonly broken: unknown[] = [];
  readonly #agent: Agent;
  readonly #callers: readonly Promise<void>[];
  #next = 0;
  #isStopped = false;

  constructor(url: string, requestOf: (index: number) => HttpRequest, callers = 8) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: callers });
    this.#callers = Array.from({ length: callers }, () => this.#call(url, requestOf));
  }

  /** Waits until so many more answers of this status have come. */
  async more(count: number, status = 200): Promise<void> {
    const wanted = this.#count(status) + count;
    await until(
      `${String(count)} more answers`,
      () => (this.#count(status) >= wanted ? true : undefined),
      30_000,
    );
  }

  /** Lets what is under way finish; every answer there was. */
  async stop(): Promise<readonly Answered[]> {
    this.#isStopped = true;
    await Promise.all(this.#callers);
    this.#agent.destroy();
    if (this.broken.length > 0) throw new AggregateError(this.broken, "Calls without a reply.");
    return this.answers;
  }

  async #call(url: string, requestOf: (index: number) => HttpRequest): Promise<void> {
    while (!this.#isStopped) {
      const index = this.#next;
      this.#next += 1;
      try {
        const reply = await send(url, { ...requestOf(index), agent: this.#agent });
        this.answers.push({ ...reply, index, endedAt: performance.now() });
      } catch (error) {
        this.broken.push(error);
      }
    }
  }

  #count(status: number): number {
    return this.answers.filter((answer) => answer.status === status).length;
  }
}
