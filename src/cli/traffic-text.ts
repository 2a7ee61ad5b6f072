/** Shares of traffic on one line, as `blue=90 green=10`. */
export function trafficText(shares: Readonly<Record<string, number>>): string {
  const given = Object.entries(shares).filter(([, share]) => share > 0);
  return given.length === 0 ? "-" : given.map(([name, share]) => `${name}=${String(share)}`).join(" ");
}
