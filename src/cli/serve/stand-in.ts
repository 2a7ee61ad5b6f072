/** The address that is listened on, and where it was decided. */
export interface HostChoice {
  readonly host: string;
  readonly origin: string;
}

/** What somebody who typed another tool's name might otherwise miss. */
export function standInNotices(standIn: string | undefined, { host, origin }: HostChoice): readonly string[] {
  if (standIn !== "mlserver" || origin !== "default") return [];
  return [
    `mlserver is hostler here, and listens on ${host} only, not on 0.0.0.0 as MLServer does: ` +
      "to be reached from other machines set MLSERVER_HOST=0.0.0.0 and HOSTLER_API_KEY.",
  ];
}
