import type { Context } from "../framework/command.ts";
import { required, textOr } from "../framework/option.ts";
import type { ControlClient } from "./client.ts";
import { controlOptionsOf, usualControlUrl } from "./control-options.ts";

/** For every command about an endpoint. */
export const endpointArgument = required({ name: "ENDPOINT", help: "name of the endpoint" });

/** For every command that asks the control plane. */
export const controlOption = textOr({
  flags: "--url <url>",
  help: "the control plane to ask; HOSTLER_ADMIN_KEY holds its key",
  variable: "HOSTLER_URL",
  fallback: usualControlUrl,
});

export async function connect(url: string, context: Context): Promise<ControlClient> {
  const { ControlClient } = await import("./client.ts");
  return new ControlClient({ ...controlOptionsOf(context, "hostler"), url });
}
