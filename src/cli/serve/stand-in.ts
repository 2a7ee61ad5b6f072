import type { RunningServer } from "../../server/index.ts";

/** What somebody who typed another tool's name might otherwise miss. */
export function standInNotices(
  { origins, settings }: Pick<RunningServer, "origins" | "settings">,
  standIn: string | undefined,
): readonly string[] {
  if (standIn !== "mlserver" || origins.host !== "default") return [];
  return [
    `mlserver is hostler here, and listens on ${settings.host} only, not on 0.0.0.0 as MLServer does: ` +
      "to be reached from other machines set MLSERVER_HOST=0.0.0.0 and HOSTLER_API_KEY.",
  ];
}
