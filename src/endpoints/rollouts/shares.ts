/** Percents of each deployment. */
export type Shares = Readonly<Record<string, number>>;

/**
 * The traffic of a step: so many percent for one deployment, the rest for the others in the proportion that they had, in
 * whole percents that add up to 100.
 */
export function sharesAt(before: Shares, to: string, percent: number): Shares {
  const others = Object.entries(before).filter(([name, share]) => name !== to && share > 0);
  const sum = others.reduce((total, [, share]) => total + share, 0);
  const rest = 100 - percent;
  const exact = others.map(([name, share]) => ({ name, exact: (share * rest) / sum }));
  const whole = new Map(exact.map(({ name, exact: share }) => [name, Math.floor(share)]));
  // What rounding down left over goes to those that lost most by it.
  let left = rest - [...whole.values()].reduce((total, share) => total + share, 0);
  for (const { name } of exact.toSorted((a, b) => (b.exact % 1) - (a.exact % 1))) {
    if (left <= 0) break;
    whole.set(name, (whole.get(name) ?? 0) + 1);
    left -= 1;
  }
  const shares = whole.set(to, percent);
  return Object.fromEntries([...shares].filter(([, share]) => share > 0));
}
