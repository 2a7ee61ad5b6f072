import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ScoreServer } from "../../src/server/score/index.ts";
import {
  type GoldenReply,
  goldenReplies,
  type RawReply,
  scoreDifferences,
  scoreTable,
  sendTo,
  serveScript,
} from "../support/azmlinfsrv.ts";

const madeUpId = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
/** Of the connection, or compared otherwise. */
const notCompared = new Set(["date", "connection", "keep-alive", "x-ms-run-fn-exec-ms", "content-length"]);

interface Comparable {
  readonly status: number;
  readonly headers: readonly string[];
  readonly isTimed: boolean;
  readonly body: string;
}

/** Headers in any order; identifiers that a server makes up are all the same; a list of methods has no order. */
function comparable(
  status: number,
  headers: readonly (readonly [string, string])[],
  rest: { readonly isTimed: boolean; readonly body: Buffer },
): Comparable {
  const kept = headers
    .filter(([name]) => !notCompared.has(name))
    .map(([name, value]) => `${name}: ${name === "allow" ? value.split(", ").sort().join(", ") : value}`)
    .map((line) => line.replaceAll(madeUpId, "<uuid>"))
    .sort();
  return { status, headers: kept, isTimed: rest.isTimed, body: rest.body.toString("latin1") };
}

function ofGolden(name: string, { status, headers, is_timed: isTimed, body }: GoldenReply): Comparable {
  const theirs = comparable(status, headers, { isTimed, body: Buffer.from(body, "base64") });
  const difference = scoreDifferences.cases[name];
  if (difference === undefined) return theirs;
  const others = Object.keys(difference.headers);
  const kept = headers.filter(([header]) => !others.includes(header));
  const own = Object.entries(difference.headers).flatMap(([header, value]): [string, string][] =>
    value === null ? [] : [[header, value]],
  );
  const text = difference.body === undefined ? Buffer.from(body, "base64") : Buffer.from(difference.body);
  const isNowTimed = difference.status < 400 || (isTimed && difference.status === status);
  return comparable(difference.status, [...kept, ...own], { isTimed: isNowTimed, body: text });
}

function ofReply({ status, headers, body }: RawReply): Comparable {
  const isTimed = headers.some(([name]) => name === "x-ms-run-fn-exec-ms");
  return comparable(status, headers, { isTimed, body });
}

describe.each(Object.entries(scoreTable.servers))("azmlinfsrv, %s", (name, server) => {
  let running: ScoreServer;
  const goldens = goldenReplies(name);

  beforeAll(async () => {
    const origins = server.arguments[server.arguments.indexOf("--access_control_allow_origins") + 1];
    running = await serveScript({
      script: `scripts/${server.script}`,
      environment: server.environment,
      given: { corsOrigins: origins },
    });
    await running.started;
  });
  afterAll(() => running.stop());

  it.each(scoreTable.cases.filter((one) => one.server === name))("answers $name alike", async (one) => {
    const golden = goldens[one.name];
    if (golden === undefined) throw new Error(`${one.name} has no golden: run capture.py.`);
    const reply = ofReply(await sendTo(running, one));
    const mentions = scoreDifferences.cases[one.name]?.mentions;
    const expected = ofGolden(one.name, golden);
    for (const text of mentions ?? []) expect(reply.body).toContain(text);
    expect(mentions === undefined ? reply : { ...reply, body: expected.body }).toEqual(expected);
  });
});

it("gives a reason for every difference, and has none for what is not asked", () => {
  const { reasons, cases } = scoreDifferences;
  const asked = new Set(scoreTable.cases.map(({ name }) => name));
  expect(Object.keys(cases).filter((name) => !asked.has(name))).toEqual([]);
  expect(new Set(Object.values(cases).map(({ reason }) => reason))).toEqual(new Set(Object.keys(reasons)));
});
