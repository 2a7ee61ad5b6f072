import type { PendingCall } from "./pending-call.ts";

/** How many calls and rows one batch may hold. */
export interface BatchLimits {
  readonly maxCalls: number;
  readonly maxRows: number;
}

/** Calls in the order they will be served: priorities first, then arrival. Settled calls drop out by themselves. */
export class WaitingLine {
  #calls: PendingCall[] = [];
  #live = 0;

  /** Calls that still wait for an answer. */
  get length(): number {
    return this.#live;
  }

  push(pending: PendingCall): void {
    this.#live += 1;
    const rank = rankOf(pending);
    let index = this.#calls.length;
    while (index > 0 && rankOf(this.#calls[index - 1]) > rank) index -= 1;
    if (index === this.#calls.length) this.#calls.push(pending);
    else this.#calls.splice(index, 0, pending);
  }

  /** Tells that a call of this line was settled where it stood. */
  forgetOne(): void {
    this.#live -= 1;
    // While a model loads nothing is taken: what was given up must not pile up behind the few that wait.
    if (this.#live * 2 <= this.#calls.length) this.#calls = [...this.all()];
  }

  /** The call that is next, without taking it. */
  peek(): PendingCall | undefined {
    return this.#calls.find((pending) => !pending.isSettled);
  }

  /** Takes the next call and all that may share its batch, in order; the others keep their places. */
  take(limits: BatchLimits): readonly PendingCall[] {
    const taken: PendingCall[] = [];
    const kept: PendingCall[] = [];
    let rows = 0;
    let index = 0;
    for (; index < this.#calls.length && taken.length < limits.maxCalls; index += 1) {
      const pending = this.#calls[index];
      if (pending === undefined || pending.isSettled) continue;
      const first = taken[0];
      if (first === undefined || mayJoin(first, pending, rows, limits)) {
        taken.push(pending);
        rows += pending.rows ?? 1;
        if (pending.key === null || pending.isSuspect) {
          index += 1;
          break;
        }
      } else kept.push(pending);
    }
    this.#calls = kept.length === 0 ? this.#calls.slice(index) : [...kept, ...this.#calls.slice(index)];
    this.#live -= taken.length;
    return taken;
  }

  /** Everything, without taking it. */
  all(): readonly PendingCall[] {
    return this.#calls.filter((pending) => !pending.isSettled);
  }

  /** Takes everything. */
  takeAll(): readonly PendingCall[] {
    const all = this.all();
    this.#calls = [];
    this.#live = 0;
    return all;
  }
}

function mayJoin(first: PendingCall, next: PendingCall, rows: number, limits: BatchLimits): boolean {
  if (next.key === null || next.rows === null || next.isSuspect) return false;
  return next.key === first.key && rows + next.rows <= limits.maxRows;
}

/** V2: 0 is the default and goes last, 1 is the highest. */
function rankOf(pending: PendingCall | undefined): number {
  const priority = pending?.call.priority ?? 0;
  return priority === 0 ? Number.MAX_SAFE_INTEGER : priority;
}
