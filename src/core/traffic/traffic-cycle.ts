/** One call's way: the deployment that answers it, and the one that gets a copy, if any. */
export interface Turn {
  readonly deployment: string;
  readonly mirror: string | null;
}

/** Percent of each deployment. */
export type Shares = Readonly<Record<string, number>>;

/**
 * The order in which deployments get calls, to be repeated for ever: over any 100 calls in a row each has exactly its
 * percentage, after any number of calls none is a whole call ahead or behind, and copies are taken from each
 * deployment's calls in the proportion that it has of all. Empty where nothing has traffic.
 */
export function trafficCycle(traffic: Shares, mirror: Shares): readonly Turn[] {
  const names = Object.keys(traffic);
  const order = apportion(Object.values(traffic));
  const copied = copiedTurns(order, mirror);
  return order.map((index, turn) => ({ deployment: names[index] ?? "", mirror: copied.get(turn) ?? null }));
}

/**
 * Spreads shares evenly over as many turns as they are together; gives the index of the share for each turn.
 *
 * The n-th turn of a share has a window in which it keeps to its ideal pace. Taking always the one whose window closes
 * first meets every window: that is how fair schedulers of periodic tasks do it (Baruah et al., "Proportionate
 * progress").
 */
function apportion(shares: readonly number[]): readonly number[] {
  const turns = shares.reduce((sum, share) => sum + share, 0);
  const given = shares.map(() => 0);
  return Array.from({ length: turns }, (_, turn) => {
    let next = -1;
    let nextCloses = Infinity;
    for (const [index, share] of shares.entries()) {
      const had = given[index] ?? 0;
      if (had >= share || Math.floor((had * turns) / share) > turn) continue;
      const closes = Math.ceil(((had + 1) * turns) / share);
      if (closes < nextCloses) [next, nextCloses] = [index, closes];
    }
    given[next] = (given[next] ?? 0) + 1;
    return next;
  });
}

/**
 * Which turns are copied, and to whom. They are counted through deployment by deployment: counted as they come, a copy of
 * every fifth call would always be one of the same deployment's where that has every fifth.
 */
function copiedTurns(order: readonly number[], mirror: Shares): ReadonlyMap<number, string> {
  const copied = new Map<number, string>();
  const byDeployment = order.map((index, turn) => ({ index, turn })).sort((a, b) => a.index - b.index);
  for (const [name, percent] of Object.entries(mirror)) {
    for (const [place, { turn }] of byDeployment.entries()) {
      if (Math.floor(((place + 1) * percent) / 100) > Math.floor((place * percent) / 100))
        copied.set(turn, name);
    }
  }
  return copied;
}
