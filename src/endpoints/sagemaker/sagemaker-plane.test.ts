import { afterEach, describe, expect, it } from "vitest";
import { updateCapacitiesSchema, updateEndpointSchema } from "../../contracts/sagemaker/endpoint.ts";
import { createModelSchema } from "../../contracts/sagemaker/model.ts";
import { endpointSpecSchema } from "../../contracts/control/endpoint.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { InvocationOutcome } from "../../core/ports/hosted-runtime.ts";
import type { FakeContainerOptions } from "../../core/testing/fake-containers.ts";
import { SagemakerRig } from "../testing/sagemaker-rig.ts";

let rig: SagemakerRig;

async function open(containers: Omit<FakeContainerOptions, "clock"> = {}): Promise<void> {
  rig = await SagemakerRig.open(containers);
  for (const name of ["a", "b"]) await rig.model(name);
}

afterEach(() => rig.close());

const text = (outcome: InvocationOutcome): string =>
  outcome.kind === "answered" && outcome.body instanceof Uint8Array
    ? Buffer.from(outcome.body).toString()
    : outcome.kind;

const update = (EndpointName: string, EndpointConfigName: string): Promise<string> =>
  rig.sagemaker.endpoints.update(updateEndpointSchema.parse({ EndpointName, EndpointConfigName }));

const fails = ({ definition }: { readonly definition: { readonly Image?: string } }): ServingError | null =>
  definition.Image === "bad" ? new ServingError("IMAGE_UNAVAILABLE", "There is no image bad.") : null;

describe("endpoints of SageMaker's kind", () => {
  it("are created, then in service, and split calls exactly", async () => {
    await open();
    await rig.config("c", { a: 9, b: 1 });
    await rig.sagemaker.endpoints.create("e", "c", []);
    expect((await rig.sagemaker.endpoints.get("e")).status).toBe("Creating");
    expect((await rig.call("e")).kind).toBe("refused");
    await rig.clock.advance(100);
    expect(await rig.sagemaker.endpoints.get("e")).toMatchObject({
      status: "InService",
      failureReason: null,
    });
    const seen = { a: 0, b: 0 };
    for (let call = 0; call < 100; call += 1) {
      const outcome = await rig.call("e");
      if (outcome.kind === "answered") seen[outcome.variant === "a" ? "a" : "b"] += 1;
    }
    expect(seen).toEqual({ a: 90, b: 10 });
  });

  it("say why they could not be created, and what is missing before", async () => {
    await open({ launchFailure: fails });
    await rig.model("x", { Image: "bad" });
    await rig.config("c", { x: 1 });
    expect(await rig.endpoint("e", "c")).toMatchObject({
      status: "Failed",
      failureReason: "There is no image bad.",
    });
    expect(rig.launcher.containers.size).toBe(0);
    await expect(rig.sagemaker.endpoints.create("f", "nope", [])).rejects.toThrow(
      "Could not find endpoint configuration",
    );
    await expect(rig.sagemaker.endpoints.create("e", "c", [])).rejects.toThrow("already existing endpoint");
    await expect(rig.config("d", { zebra: 1 })).rejects.toThrow("Could not find model");
  });

  it("replace a plan without losing a call, and keep the old one where the new one fails", async () => {
    const named: FakeContainerOptions["answer"] = (_model, _request, { definition }) => ({
      kind: "answered",
      status: 200,
      headers: [],
      body: Buffer.from(definition.Image ?? ""),
    });
    await open({ launchFailure: fails, answer: named });
    for (const [name, Image] of [
      ["n", "new"],
      ["x", "bad"],
    ] as const)
      await rig.model(name, { Image });
    for (const name of ["a", "n", "x"]) await rig.config(name, { [name]: 1 });
    await rig.endpoint("e", "a");
    await update("e", "n");
    expect(text(await rig.call("e"))).toBe("image");
    await expect(update("e", "a")).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(rig.sagemaker.endpoints.delete("e")).rejects.toMatchObject({ code: "CONFLICT" });
    await rig.clock.advance(100);
    expect(text(await rig.call("e"))).toBe("new");
    await update("e", "x");
    await rig.clock.advance(100);
    expect(await rig.sagemaker.endpoints.get("e")).toMatchObject({
      status: "InService",
      configName: "n",
      failureReason: "There is no image bad.",
    });
    expect(text(await rig.call("e"))).toBe("new");
    expect(rig.launcher.containers.size).toBe(1);
  });

  it("let a replaced plan answer the calls that it has", async () => {
    await open({ answerMs: 5_000 });
    await rig.config("c", { a: 1 });
    await rig.config("d", { b: 1 });
    await rig.endpoint("e", "c");
    const begun = rig.begin("e");
    await update("e", "d");
    await rig.clock.advance(1_000);
    expect((await rig.sagemaker.endpoints.get("e")).configName).toBe("d");
    expect(rig.launcher.containers.size).toBe(2);
    expect(await rig.clock.until(begun)).toMatchObject({ kind: "answered", variant: "a" });
    await rig.clock.settle();
    expect(rig.launcher.containers.size).toBe(1);
  });

  it("change weights and instances while they serve", async () => {
    await open();
    await rig.config("c", { a: 1, b: 1 });
    await rig.endpoint("e", "c");
    const change = {
      EndpointName: "e",
      DesiredWeightsAndCapacities: [{ VariantName: "a", DesiredWeight: 0, DesiredInstanceCount: 3 }],
    };
    const { DesiredWeightsAndCapacities: wanted } = updateCapacitiesSchema.parse(change);
    await rig.sagemaker.endpoints.setCapacities("e", wanted);
    await rig.clock.advance(100);
    expect(rig.launcher.containers.size).toBe(4);
    expect(await rig.call("e")).toMatchObject({ variant: "b" });
    expect(await rig.call("e", { targetVariant: "a" })).toMatchObject({ variant: "a" });
    expect((await rig.sagemaker.endpoints.get("e")).variants.map(({ instances }) => instances)).toEqual([
      3, 1,
    ]);
  });

  it("start an instance again that has ended; calls wait for it", async () => {
    await open();
    await rig.config("c", { a: 1 });
    await rig.endpoint("e", "c");
    for (const container of rig.launcher.containers) container.crash();
    await rig.clock.settle();
    expect(await rig.call("e")).toMatchObject({ kind: "answered" });
    expect(rig.launcher.containers.size).toBe(1);
  });

  it("copy calls to a shadow, whose answers reach nobody", async () => {
    const asked: string[] = [];
    await open({
      answer: (_model, _request, { variant }) => {
        asked.push(variant);
        return { kind: "answered", status: variant === "b" ? 500 : 200, headers: [], body: new Uint8Array() };
      },
    });
    const shadow = { VariantName: "b", ModelName: "b", InitialVariantWeight: 1 };
    await rig.config("c", { a: 4 }, { ShadowProductionVariants: [shadow] });
    await rig.endpoint("e", "c");
    for (let call = 0; call < 8; call += 1)
      expect(await rig.call("e")).toMatchObject({ variant: "a", status: 200 });
    await rig.clock.advance(100);
    expect(asked.filter((variant) => variant === "b")).toHaveLength(2);
    expect((await rig.call("e", { targetVariant: "b" })).kind).toBe("refused");
  });

  it("have names that Azure's kind does not have, and the other way round", async () => {
    await open();
    await rig.config("c", { a: 1 });
    await rig.endpoint("shop", "c");
    const { endpoints } = rig.plane;
    const how = { actor: { name: "a test" }, create: true };
    await expect(endpoints.put(endpointSpecSchema.parse({ name: "shop" }), how)).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
    });
    await endpoints.put(endpointSpecSchema.parse({ name: "desk" }), how);
    await expect(rig.sagemaker.endpoints.create("desk", "c", [])).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
    });
  });
});

describe("an instance that ended by itself", () => {
  it("is replaced once, also where the numbers are set meanwhile", async () => {
    await open({ launchMs: 1_000 });
    await rig.config("c", { a: 1 });
    await rig.sagemaker.endpoints.create("e", "c", []);
    await rig.clock.advance(2_000);
    [...rig.launcher.containers][0]?.crash();
    await rig.clock.settle();
    const { DesiredWeightsAndCapacities: wanted } = updateCapacitiesSchema.parse({
      EndpointName: "e",
      DesiredWeightsAndCapacities: [{ VariantName: "a", DesiredInstanceCount: 1 }],
    });
    await rig.sagemaker.endpoints.setCapacities("e", wanted);
    await rig.clock.advance(10_000);
    expect(rig.launcher.containers.size).toBe(1);
  });

  it("takes its sessions with it", async () => {
    const asked: unknown[] = [];
    await open({
      answer: (_model, _request, launch) => {
        asked.push(launch);
        const headers = ["x-amzn-sagemaker-new-session-id", "s; Expires=never"];
        return { kind: "answered", status: 200, headers, body: new Uint8Array() };
      },
    });
    await rig.config("c", { a: 1 });
    await rig.endpoint("e", "c");
    await rig.call("e");
    const first = [...rig.launcher.containers][0];
    first?.crash();
    await rig.clock.advance(1_000);
    expect(await rig.call("e", { sessionId: "s" })).toMatchObject({ kind: "answered" });
    expect(asked[1]).not.toBe(asked[0]);
  });
});

describe("a forced stop", () => {
  it("waits for no calls of endpoints that were deleted either", async () => {
    await open({ answerMs: 30_000 });
    await rig.config("c", { a: 1 });
    await rig.endpoint("e", "c");
    void rig.begin("e");
    await rig.clock.settle();
    await rig.sagemaker.endpoints.delete("e");
    await rig.clock.settle();
    const before = rig.clock.now();
    await rig.reopen();
    expect(rig.clock.now() - before).toBeLessThan(1_000);
  });
});

describe("after a start", () => {
  it("what served serves again, and calls wait for it", async () => {
    await open({ launchMs: 1_000 });
    await rig.config("c", { a: 1 });
    await rig.sagemaker.endpoints.create("e", "c", [{ Key: "k", Value: "v" }]);
    await rig.clock.advance(2_000);
    await rig.sagemaker.configs.delete("c");
    await rig.sagemaker.models.delete("a");
    await rig.reopen();
    const { arn, status } = await rig.sagemaker.endpoints.get("e");
    expect(status).toBe("SystemUpdating");
    expect(await rig.call("e")).toMatchObject({ kind: "answered" });
    expect((await rig.sagemaker.endpoints.get("e")).status).toBe("InService");
    expect(await rig.sagemaker.tags.list(arn)).toEqual([{ Key: "k", Value: "v" }]);
  });

  it("what was being created comes up, and what was deleted does not", async () => {
    await open();
    await rig.config("c", { a: 1 });
    await rig.endpoint("gone", "c");
    await rig.sagemaker.endpoints.delete("gone");
    await rig.sagemaker.endpoints.create("new", "c", []);
    await rig.reopen();
    await rig.clock.advance(100);
    const all = await rig.sagemaker.endpoints.list();
    expect(all.map(({ name, status }) => [name, status])).toEqual([["new", "InService"]]);
  });

  it("asynchronous calls that were not answered are", async () => {
    await open({
      answerMs: 5_000,
      answer: () => ({ kind: "answered", status: 200, headers: [], body: Buffer.from("answer") }),
    });
    const AsyncInferenceConfig = { OutputConfig: { S3OutputPath: "s3://bucket/out" } };
    await rig.config("c", { a: 1 }, { AsyncInferenceConfig });
    await rig.endpoint("e", "c");
    const ticket = await rig.sagemaker.directory.find("e")?.submit({
      headers: [],
      input: { kind: "body", body: Buffer.from("[1]") },
      inferenceId: "id",
      fileName: null,
      pathExtension: null,
      ttlMs: 3_600_000,
      timeoutMs: 900_000,
    });
    expect(ticket?.outputLocation).toBe("s3://bucket/out/id.out");
    await rig.reopen();
    expect(rig.objects.all.size).toBe(0);
    await rig.clock.advance(10_000);
    expect(rig.objects.all.get("s3://bucket/out/id.out")).toBe("answer");
  });

  it("asynchronous calls whose input was still being read are answered, too", async () => {
    await open({
      answer: () => ({ kind: "answered", status: 200, headers: [], body: Buffer.from("answer") }),
    });
    const AsyncInferenceConfig = { OutputConfig: { S3OutputPath: "s3://bucket/out" } };
    await rig.config("c", { a: 1 }, { AsyncInferenceConfig });
    await rig.endpoint("e", "c");
    rig.objects.all.set("s3://bucket/in", "[1]");
    rig.objects.readMs = 5_000;
    await rig.sagemaker.directory.find("e")?.submit({
      headers: [],
      input: { kind: "location", url: "s3://bucket/in" },
      inferenceId: "id",
      fileName: null,
      pathExtension: null,
      ttlMs: 3_600_000,
      timeoutMs: 900_000,
    });
    await rig.reopen();
    await rig.clock.advance(20_000);
    expect([...rig.objects.all.keys()]).toEqual(["s3://bucket/in", "s3://bucket/out/id.out"]);
  });
});

describe("containers in a line", () => {
  it("hand on bodies and content types, and only the last knows what the caller accepts", async () => {
    const heads: string[] = [];
    rig = await SagemakerRig.open({
      answer: (_model, { headers, body }, { definition }) => {
        heads.push(headers.join(" "));
        const name = definition.ContainerHostname ?? "";
        const more = body instanceof Uint8Array ? Buffer.from(body).toString() : "";
        return {
          kind: "answered",
          status: 200,
          headers: ["content-type", `text/${name}`],
          body: Buffer.from(`${more}${name}`),
        };
      },
    });
    const container = (ContainerHostname: string): object => ({ Image: "image", ContainerHostname });
    const Containers = [container("one"), container("two")];
    await rig.sagemaker.models.create(createModelSchema.parse({ ModelName: "a", Containers }));
    const direct = { ModelName: "b", Containers, InferenceExecutionConfig: { Mode: "Direct" } };
    await rig.sagemaker.models.create(createModelSchema.parse(direct));
    await rig.config("c", { a: 1, b: 0 });
    await rig.endpoint("e", "c");
    const headers = ["Content-Type", "text/csv", "Accept", "text/two"];
    const outcome = await rig.call("e", { headers, body: Buffer.from("0") });
    expect(text(outcome)).toBe("0onetwo");
    expect(heads).toEqual(["Content-Type text/csv", "Accept text/two Content-Type text/one"]);
    expect(text(await rig.call("e", { targetVariant: "b", targetContainer: "two" }))).toBe("two");
    expect((await rig.call("e", { targetVariant: "b" })).kind).toBe("refused");
  });
});
