import type { Context } from "../framework/command.ts";

export const usualControlUrl = "http://127.0.0.1:8801";

/** Where the control plane is, and the key that it may ask for. */
export interface ControlOptions {
  readonly url: string;
  readonly adminKey: string | undefined;
  /** Who asks, for the history: as `hostler ml`. */
  readonly actor: string;
}

export function controlOptionsOf({ environment }: Context, actor: string): ControlOptions {
  const url = environment["HOSTLER_URL"];
  const adminKey = environment["HOSTLER_ADMIN_KEY"]?.trim();
  return {
    url: url === undefined || url === "" ? usualControlUrl : url,
    adminKey: adminKey === "" ? undefined : adminKey,
    actor,
  };
}
