import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { send, type HttpRequest } from "../support/http.ts";
import { errorBody, inferRequest, outputData } from "../support/infer.ts";
import { Load } from "../support/load.ts";
import { malformed, type Malformed } from "../support/malformed.ts";
import { madeAnswers, repositoryOf } from "../support/models.ts";

const models = ["logreg", "xgb"] as const;
const mixed = 6_000;

describe("requests that are wrong", () => {
  const cleanup = new Cleanup();
  const { rows, answers } = madeAnswers();
  let server: RunningHostler;

  beforeAll(async () => {
    const repository = await repositoryOf(...models);
    cleanup.add(repository.remove);
    server = await startHostler({ repository: repository.path });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  function requestOf({ body }: Malformed, model: string): HttpRequest {
    return { method: "POST", path: `/v2/models/${model}/infer`, body };
  }

  describe.each(models)("to %s", (model) => {
    // A missing value is no mistake for XGBoost.
    const refused = malformed.filter(({ what }) => model !== "xgb" || what !== "nothing in a row");

    test.each(refused)("with $what say so", async (wrong) => {
      const reply = await send(server.url, requestOf(wrong, model));
      const { what, code, field, expected, got } = wrong;
      expect([what, reply.status]).toEqual([what, 400]);
      const error = errorBody(reply);
      expect(error).toMatchObject(
        Object.fromEntries(Object.entries({ code, field, expected, got }).filter(isSaid)),
      );
      expect(error.error).toContain(got ?? "");
      expect(error.error.length).toBeLessThan(1_000);
    });
  });

  test("and large say the same", async () => {
    const row = Array<number>(8).fill(1);
    const data = Array.from({ length: 2_000 }, () => row);
    const large = { name: "x", shape: [2000, 8], datatype: "FP64", data };
    const wrongs = [
      { input: { ...large, shape: [1999, 8] }, field: "inputs[0].data" },
      { input: { ...large, shape: [1000, 16] }, field: "inputs[0].shape" },
      { input: { ...large, data: [...data.slice(1), [1, 1, 1, 1, "1", 1, 1, 1]] }, field: "inputs[0].data" },
      { input: { ...large, datatype: "FP" }, field: "inputs[0].datatype" },
      {
        input: { ...large, datatype: "INT8", data: [...data.slice(1), row.map(() => 1e9)] },
        field: "inputs[0].data",
      },
    ];
    for (const { input, field } of wrongs) {
      const body = JSON.stringify({ inputs: [input] });
      const reply = await send(server.url, { method: "POST", path: "/v2/models/logreg/infer", body });
      expect([field, reply.status]).toEqual([field, 400]);
      expect(errorBody(reply).field).toMatch(new RegExp(`^${field.replaceAll(/[[\]]/g, "\\$&")}`));
    }
    const cut = JSON.stringify({ inputs: [large] }).slice(0, -20);
    const reply = await send(server.url, { method: "POST", path: "/v2/models/logreg/infer", body: cut });
    expect([reply.status, errorBody(reply).code]).toEqual([400, "MALFORMED_JSON"]);
  });

  test("fail alone, however many come among good ones", async () => {
    const isWrong = (index: number): boolean => index % 10 === 3;
    const load = new Load(
      server.url,
      (index) => {
        const wrong = malformed[Math.floor(index / 10) % malformed.length];
        if (isWrong(index) && wrong !== undefined) return requestOf(wrong, "logreg");
        return inferRequest("logreg", [rows[index % rows.length] ?? []]);
      },
      16,
    );
    cleanup.add(() => load.stop());
    await load.more(mixed);
    const all = await load.stop();
    const [bad, good] = [
      all.filter(({ index }) => isWrong(index)),
      all.filter(({ index }) => !isWrong(index)),
    ];
    expect(bad.length).toBeGreaterThan(500);
    expect(bad.filter((reply) => reply.status !== 400 || errorBody(reply).error === "")).toEqual([]);
    const label = (index: number): unknown => answers["logreg"]?.["predict"]?.[index % rows.length];
    expect(good.filter((reply) => outputData(reply)[0] !== label(reply.index))).toEqual([]);
  });
});

function isSaid([, value]: readonly [string, string | undefined]): boolean {
  return value !== undefined;
}
