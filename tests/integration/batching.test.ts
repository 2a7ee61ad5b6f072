import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { startHostler, type RunningHostler } from "../support/hostler.ts";
import { errorBody, infer, outputData } from "../support/infer.ts";
import { modelMetric, untilRunning } from "../support/metrics.ts";
import { madeAnswers, repositoryOf, servedFunctions } from "../support/models.ts";

/** Longer than all calls of a test need to arrive: until it is over they gather, then they run as few batches. */
const gatherSeconds = 1;

/** What a caller asks for: one of the made rows, as one datatype, of one output. */
interface Question {
  readonly model: string;
  readonly output: string;
  readonly datatype: string;
  readonly row: number;
}

describe("calls of many callers that run as one batch", () => {
  const cleanup = new Cleanup();
  const { rows, answers } = madeAnswers();
  let server: RunningHostler;

  beforeAll(async () => {
    const repository = await repositoryOf("svc", "logreg", "forest", "xgb", "nap");
    cleanup.add(repository.remove);
    server = await startHostler({ repository: repository.path, env: servedFunctions });
    cleanup.add(() => server.stop());
  });

  afterAll(() => cleanup.run());

  /** Every row in every way that the model can be asked; rows of whole numbers as integers, too. */
  function questions(model: string): Question[] {
    return Object.keys(answers[model] ?? {}).flatMap((output) =>
      rows.flatMap((values, row) => {
        const datatypes = values.every(Number.isInteger) ? ["FP64", "FP32", "INT64"] : ["FP64", "FP32"];
        return datatypes.map((datatype) => ({ model, output, datatype, row }));
      }),
    );
  }

  async function ask({ model, output, datatype, row }: Question): Promise<number[]> {
    const reply = await infer(server.url, model, [rows[row] ?? []], { datatype, outputs: [output] });
    return outputData(reply, output) as number[];
  }

  function wanted({ model, output, row }: Question): readonly number[] {
    return [answers[model]?.[output]?.[row] ?? []].flat();
  }

  async function batches(model: string): Promise<number> {
    return modelMetric(server, "hostler_batch_size_count", model);
  }

  test.each(["svc", "logreg", "forest", "xgb"])("%s gives each caller its own answer", async (model) => {
    const before = await batches(model);
    const busy = infer(server.url, "nap", [[gatherSeconds]]);
    await untilRunning(server, "nap");
    const asked = questions(model);
    const got = await Promise.all(asked.map(ask));
    const wrong = asked.filter((question, index) => !isClose(got[index] ?? [], wanted(question)));
    expect(wrong).toEqual([]);
    expect((await busy).status).toBe(200);
    const ran = (await batches(model)) - before;
    expect([asked.length > 800, ran < asked.length / 4]).toEqual([true, true]);
  });

  test("answers that differ can be told apart", () => {
    for (const model of ["logreg", "forest", "xgb"]) {
      const texts = (answers[model]?.["predict_proba"] ?? []).map((values) => JSON.stringify(values));
      expect(new Set(texts).size).toBeGreaterThan(texts.length / 3);
    }
  });

  test("one bad row among good ones fails alone", async () => {
    const busy = infer(server.url, "nap", [[gatherSeconds]]);
    await untilRunning(server, "nap");
    const bad = 11;
    const calls = rows
      .slice(0, 32)
      .map((row, index) => infer(server.url, "svc", [index === bad ? [null, ...row.slice(1)] : row]));
    const replies = await Promise.all(calls);
    await busy;
    for (const [index, reply] of replies.entries()) {
      if (index === bad) continue;
      expect(outputData(reply)).toEqual([answers["svc"]?.["predict"]?.[index]]);
    }
    const refused = replies[bad];
    expect(refused?.status).toBe(400);
    expect(refused && errorBody(refused)).toMatchObject({ code: "INVALID_INPUT", field: "inputs[0]" });
    expect(refused?.body).toContain("NaN");
  });

  test("calls of several rows get all of theirs, in order", async () => {
    const busy = infer(server.url, "nap", [[gatherSeconds]]);
    await untilRunning(server, "nap");
    const starts = Array.from({ length: 40 }, (_, index) => index * 4);
    const replies = await Promise.all(
      starts.map((start) => infer(server.url, "forest", rows.slice(start, start + 1 + (start % 7)))),
    );
    await busy;
    const expected = starts.map((start) =>
      answers["forest"]?.["predict"]?.slice(start, start + 1 + (start % 7)),
    );
    expect(replies.map((reply) => outputData(reply))).toEqual(expected);
  });
});

/** Sums may differ in their last bits with the number of rows they are computed for. */
function isClose(got: readonly number[], expected: readonly number[]): boolean {
  const isNear = (value: number, index: number): boolean => Math.abs(value - (expected[index] ?? NaN)) < 1e-6;
  return got.length === expected.length && expected.length > 0 && got.every(isNear);
}
