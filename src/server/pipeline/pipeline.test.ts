import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { text as readText } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { handedOn } from "./content-type.ts";
import { type PipelineRequest, type RunningPipeline, startPipeline } from "./index.ts";

interface Asked {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Says {
  readonly status?: number;
  readonly type?: string;
  readonly body?: string;
  /** Written after each other, as a stream. */
  readonly chunks?: readonly string[];
  /** The answer never ends. */
  readonly stalls?: boolean;
}

const owned: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of owned.splice(0).reverse()) await stop();
});

/** A container that keeps what it was asked. */
async function container(
  says: Says,
): Promise<{ readonly url: URL; readonly asked: Asked[]; readonly server: Server }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void readText(request).then((body) => {
      if (request.url === "/ping") {
        response.end();
        return;
      }
      asked.push({ url: request.url ?? "", headers: request.headers, body });
      const { status = 200, type, body: answer, chunks = [] } = says;
      response.writeHead(status, type === undefined ? {} : { "content-type": type });
      for (const chunk of chunks) response.write(chunk);
      if (says.stalls !== true) response.end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  owned.push(async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: new URL(`http://127.0.0.1:${String(port)}`), asked, server };
}

async function pipeline(
  urls: readonly URL[],
  options: Partial<PipelineRequest> = {},
): Promise<RunningPipeline> {
  const running = await startPipeline({
    stages: urls.map((url, index) => ({
      name: `container-${String(index + 1)}`,
      runs: { kind: "server", url },
    })),
    ...{ mode: "serial", host: "127.0.0.1", port: 0, defaultAccept: null, containerVariables: {} },
    ...{ allowsPull: false, startupTimeoutMs: 1000, timeoutMs: 5000, maxBodyBytes: 1000, variables: {} },
    onLine: () => undefined,
    ...options,
  });
  owned.push(() => running.stop({ force: true }));
  return running;
}

function invoke({ url }: RunningPipeline, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${url}/invocations`, { method: "POST", body: "1,2", headers });
}

describe("a serial pipeline", () => {
  it("hands each answer on under its type, and gives the caller the last", async () => {
    const first = await container({ type: "text/csv; charset=utf-8", body: "3,4" });
    const last = await container({ type: "application/json", body: "[7]" });
    const running = await pipeline([first.url, last.url]);
    const answer = await invoke(running, {
      "content-type": "text/plain",
      accept: "application/json",
      "x-amzn-sagemaker-custom-attributes": "c=1",
      authorization: "secret",
    });
    expect(await answer.text()).toBe("[7]");
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("server-timing")).toMatch(/^container-1;dur=[\d.]+, container-2;dur=[\d.]+$/);
    const [one] = first.asked;
    const [two] = last.asked;
    expect(one).toMatchObject({ url: "/invocations", body: "1,2" });
    expect(one?.headers).toMatchObject({
      "content-type": "text/plain",
      "x-amzn-sagemaker-custom-attributes": "c=1",
    });
    expect(one?.headers.accept).toBeUndefined();
    expect(one?.headers.authorization).toBeUndefined();
    expect(two).toMatchObject({ body: "3,4" });
    expect(two?.headers).toMatchObject({ "content-type": "text/csv", accept: "application/json" });
  });

  it("asks all but the last for the default type", async () => {
    const first = await container({ body: "3" });
    const last = await container({ body: "4" });
    const running = await pipeline([first.url, last.url], { defaultAccept: "text/csv" });
    await invoke(running, { accept: "application/json" });
    expect(first.asked[0]?.headers.accept).toBe("text/csv");
    expect(last.asked[0]?.headers.accept).toBe("application/json");
  });

  it("ends with what is no success, and says whose it is", async () => {
    const first = await container({ status: 415, type: "application/json", body: '{"message":"no"}' });
    const last = await container({ body: "4" });
    const answer = await invoke(await pipeline([first.url, last.url]));
    expect(answer.status).toBe(415);
    expect(answer.headers.get("x-hostler-failed-container")).toBe("container-1");
    expect(await answer.json()).toEqual({ message: "no" });
    expect(last.asked).toEqual([]);
  });

  it("streams the last answer", async () => {
    const first = await container({ chunks: ["a", "b"] });
    const last = await container({ type: "text/plain", chunks: ["c", "d"] });
    const answer = await invoke(await pipeline([first.url, last.url]));
    expect(await answer.text()).toBe("cd");
    expect(last.asked[0]?.body).toBe("ab");
  });

  it("hands on no more than the limit", async () => {
    const first = await container({ body: "x".repeat(1001) });
    const last = await container({ body: "4" });
    const answer = await invoke(await pipeline([first.url, last.url]));
    expect(answer.status).toBe(413);
  });

  it("says which container does not answer, and is not well", async () => {
    const first = await container({ body: "3" });
    const last = await container({ body: "4" });
    const running = await pipeline([first.url, last.url]);
    expect((await fetch(`${running.url}/ping`)).status).toBe(200);
    last.server.closeAllConnections();
    await new Promise((resolve) => last.server.close(resolve));
    expect((await fetch(`${running.url}/ping`)).status).toBe(503);
    const answer = await invoke(running);
    expect(answer.status).toBe(502);
    expect(await answer.text()).toContain("container-2");
  });

  it("gives up on a container that takes too long", async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    owned.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const running = await pipeline([new URL(`http://127.0.0.1:${String(port)}`)], { timeoutMs: 50 });
    expect((await invoke(running)).status).toBe(504);
  });

  it("gives up on a container that stalls in the middle of its answer", async () => {
    const stalling = await container({ type: "text/csv", chunks: ["1,"], stalls: true });
    const next = await container({ body: "3" });
    const running = await pipeline([stalling.url, next.url], { timeoutMs: 50 });
    const answer = await invoke(running);
    expect(answer.status).toBe(504);
    expect(await answer.text()).toContain("container-1");
    expect(next.asked).toEqual([]);
  });

  it("calls a model by the path of its URL", async () => {
    const only = await container({ body: "3" });
    const running = await pipeline([new URL("/models/iris/invoke?v=1", only.url)]);
    await invoke(running);
    expect(only.asked[0]?.url).toBe("/models/iris/invoke?v=1");
  });
});

describe("direct mode", () => {
  it("calls the container that the caller names", async () => {
    const first = await container({ body: "one" });
    const last = await container({ body: "two" });
    const running = await pipeline([first.url, last.url], { mode: "direct" });
    const named = (name: string): Promise<Response> =>
      invoke(running, { "X-Amzn-SageMaker-Target-Container-Hostname": name });
    expect(await (await named("container-1")).text()).toBe("one");
    expect(await (await named("container-2")).text()).toBe("two");
    const wrong = await named("container-3");
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({
      got: "container-3",
      expected: "one of container-1, container-2",
    });
  });
});

describe("the type of what is handed on", () => {
  it.each([
    ["text/csv; charset=utf-8", "text/csv"],
    ['text/csv;charset="UTF-8"; header=present', "text/csv; header=present"],
    ["text/csv; charset=latin1", "text/csv; charset=latin1"],
    ["application/json", "application/json"],
  ])("of %s is %s", (given, type) => {
    expect(handedOn(given)).toBe(type);
  });
});
