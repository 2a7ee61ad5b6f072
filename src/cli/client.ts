import { z } from "zod";
import { ServingError } from "../contracts/serving-error.ts";
import { type Overview, overviewSchema } from "../contracts/snapshot.ts";
import { askServer, type Hints, parseAnswer, type Question } from "./ask-server.ts";
import { type ClientOptions, usualUrl } from "./client-options.ts";
import { inferPath, type ModelTarget } from "./model-target.ts";
import { serverUrl } from "./server-url.ts";

/** What the command line asks a running server. */
export interface ServerClient {
  readonly url: string;
  readonly overview: () => Promise<Overview>;
  /** Sends a V2 request and returns the answer's text as it came, so that no number loses a digit. */
  readonly infer: (target: ModelTarget, body: string) => Promise<string>;
}

export function createClient({ url: typed, apiKey, timeoutMs }: ClientOptions): ServerClient {
  const url = serverUrl(typed, `Write it as ${usualUrl}, in --url or HOSTLER_URL.`);
  const ask = async (question: Pick<Question, "url" | "method" | "body">): Promise<string> =>
    await askServer({ ...question, token: apiKey, timeoutMs }, hints);
  /** HOSTLER_URL may also name the control plane of `hostler up`, which knows where its models answer. */
  const askModels = async (
    path: string,
    request: Pick<Question, "method" | "body"> = {},
  ): Promise<string> => {
    try {
      return await ask({ ...request, url: url + path });
    } catch (error) {
      if (ServingError.from(error).code !== "ROUTE_NOT_FOUND") throw error;
      const about = aboutSchema.safeParse(parseAnswer(await ask({ url: `${url}/api` }).catch(() => "")));
      if (!about.success) throw error;
      return await ask({ ...request, url: about.data.url + path });
    }
  };
  return {
    url,
    overview: async () => readOverview(await askModels("/"), url),
    infer: async (target, body) => await askModels(inferPath(target), { method: "POST", body }),
  };
}

/** What a control plane says of itself, as far as it matters here. */
const aboutSchema = z.object({ name: z.literal("hostler"), url: z.url() });

function readOverview(text: string, url: string): Overview {
  const parsed = overviewSchema.safeParse(parseAnswer(text));
  if (parsed.success) return parsed.data;
  throw new ServingError(
    "UNREACHABLE",
    `What answers at ${url} is not a hostler server, or not one of this version.`,
    {
      hint: "Name the server with --url or HOSTLER_URL.",
    },
  );
}

export const timeoutHint = "Allow more with --timeout.";

const hints: Hints = {
  unreachable: "Start one with hostler serve DIR, or name another with --url or HOSTLER_URL.",
  unauthenticated: "Put a key of that server into HOSTLER_API_KEY.",
  late: timeoutHint,
};
