import type { z } from "zod";
import { type ControlOperation, type ControlRoute, controlRoutes } from "../../contracts/control/routes.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import { askServer, type Hints, parseAnswer } from "../ask-server.ts";
import { serverUrl } from "../server-url.ts";
import { type ControlOptions, usualControlUrl } from "./control-options.ts";

/** What goes into a call: the names in its path, its query and its body. */
export interface ControlQuestion {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** Refused where there is one already. */
  readonly isCreation?: boolean;
  /** How long the answer may be held back on purpose. */
  readonly waitS?: number;
}

/** Longest that an answer may take which nothing holds back: registering copies files. */
const patienceMs = 120_000;

/** Calls of the control API by their names in the route table. */
export class ControlConnection {
  readonly url: string;
  readonly #options: ControlOptions;

  constructor(options: ControlOptions) {
    this.url = serverUrl(options.url, `Write it as ${usualControlUrl}, in HOSTLER_URL.`);
    this.#options = options;
  }

  /** The answer, checked. */
  async ask<T>(
    operation: ControlOperation,
    schema: z.ZodType<T>,
    question: ControlQuestion = {},
  ): Promise<T> {
    const parsed = schema.safeParse(parseAnswer(await this.read(operation, question)));
    if (parsed.success) return parsed.data;
    throw new ServingError(
      "UNREACHABLE",
      `What answers at ${this.url} is not hostler's control plane, or not one of this version.`,
      { hint: "Name the control plane in HOSTLER_URL; hostler up prints its address." },
      { cause: parsed.error },
    );
  }

  /** A call whose answer says nothing but that it was heard. */
  async tell(operation: ControlOperation, question: ControlQuestion): Promise<void> {
    await this.read(operation, question);
  }

  /** The answer as text. */
  async read(operation: ControlOperation, question: ControlQuestion): Promise<string> {
    const { method, path }: ControlRoute = controlRoutes[operation];
    const { adminKey, actor } = this.#options;
    const sentence = {
      url: `${this.url}${fill(path, question.path ?? {})}${queryText(question.query ?? {})}`,
      method,
      headers: {
        "x-hostler-actor": actor,
        ...(question.isCreation === true ? { "if-none-match": "*" } : {}),
      },
      token: adminKey,
      timeoutMs: patienceMs + (question.waitS ?? 0) * 1000,
    };
    const body = question.body === undefined ? {} : { body: JSON.stringify(question.body) };
    return await askServer({ ...sentence, ...body }, hints);
  }
}

function fill(path: string, names: Readonly<Record<string, string>>): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(names[name] ?? ""));
}

function queryText(query: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(Object.fromEntries(given)).toString()}`;
}

const hints: Hints = {
  unreachable: "Start it with hostler up, or name another control plane in HOSTLER_URL.",
  unauthenticated: "Put the control plane's key into HOSTLER_ADMIN_KEY.",
  late: "See what it is doing with hostler endpoints events ENDPOINT.",
};
