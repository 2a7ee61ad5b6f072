import { z } from "zod";
import { startCommand, type CommandOptions, type RunningHostler } from "./hostler.ts";

const listening = z.object({ url: z.string(), management_url: z.string() });
const ready = z.object({ models: z.array(z.string()), failed: z.int() });

/** A model host that is up and has tried the models of its start. */
export interface RunningModelHost {
  readonly server: RunningHostler;
  readonly inferenceUrl: string;
  readonly managementUrl: string;
  readonly loaded: readonly string[];
  readonly failed: number;
}

export async function startModelHost(options: CommandOptions): Promise<RunningModelHost> {
  const env = { HOSTLER_LOG_FORMAT: "json", ...options.env };
  const server = await startCommand({ ...options, env, untilReady: false });
  try {
    const addresses = listening.parse(await server.logs.waitForMessage("listening"));
    const { models, failed } = ready.parse(await server.logs.waitForMessage("ready"));
    const { url: inferenceUrl, management_url: managementUrl } = addresses;
    return { server, inferenceUrl, managementUrl, loaded: models, failed };
  } catch (error) {
    await server.stop("SIGKILL");
    throw error;
  }
}
