import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CodeAsset, codeSpecSchema } from "../../contracts/control/assets.ts";
import { actor, endpointName, PlaneRig } from "../testing/plane-rig.ts";

const hourMs = 3_600_000;

let rig: PlaneRig;

beforeEach(async () => {
  rig = await PlaneRig.open();
  await rig.putEndpoint("shop");
});
afterEach(() => rig.close());

/** Code as azure-ai-ml registers it: without a name of its own. */
async function registered(text: string, fields: object = {}): Promise<CodeAsset> {
  const path = dirname(await rig.file("code/score.py", text));
  const spec = codeSpecSchema.parse({ name: "unnamed", is_anonymous: true, path, ...fields });
  return rig.plane.assets.create("codes", spec);
}

async function deployed(code: CodeAsset, endpoint = "shop"): Promise<void> {
  const { name, version } = code;
  await rig.deploy(endpoint, "blue", {
    code_configuration: { code: { name, version }, scoring_script: "score.py" },
  });
}

async function kept(): Promise<readonly string[]> {
  return (await readdir(join(rig.stateFolder, "assets", "codes"))).sort();
}

/** Everything that was registered is old now, and what was deleted has drained. */
async function muchLater(): Promise<void> {
  await rig.clock.advance(2 * hourMs);
}

const names = (...codes: readonly CodeAsset[]): readonly string[] => codes.map(({ name }) => name).sort();

describe("code without a name", () => {
  it("stays while a revision refers to it, and goes with its endpoint", async () => {
    const [one, two] = [await registered("one"), await registered("two")];
    await deployed(one);
    await deployed(two);
    await rig.plane.deployments.delete(
      endpointName("shop"),
      (await rig.deployment("shop", "blue")).name,
      actor,
    );
    await muchLater();
    expect(await kept()).toEqual(names(one, two));
    await rig.plane.endpoints.delete(endpointName("shop"), actor);
    await muchLater();
    await expect.poll(kept).toEqual([]);
    await expect(rig.plane.assets.get("codes", one.name, one.version)).rejects.toThrow("There is no code");
  });

  it("stays as long as somebody else's deployment needs it", async () => {
    const code = await registered("one");
    await rig.putEndpoint("other");
    await deployed(code);
    await deployed(code, "other");
    await rig.plane.endpoints.delete(endpointName("shop"), actor);
    await muchLater();
    expect(await kept()).toEqual(names(code));
  });

  it("stays for a while where nothing refers to it yet, longer where it is asked for again", async () => {
    const [young, again] = [await registered("one"), await registered("two")];
    await rig.reopen();
    expect(await kept()).toEqual(names(young, again));
    await rig.clock.advance(hourMs / 2);
    await registered("two");
    await rig.clock.advance(hourMs / 2 + 10);
    await expect.poll(kept).toEqual(names(again));
  });

  it("that a killed server has left behind goes at the next start", async () => {
    const code = await registered("one");
    await deployed(code);
    await rig.plane.endpoints.delete(endpointName("shop"), actor);
    await rig.clock.advance(1_000);
    await rig.reopen();
    expect(await kept()).toEqual(names(code));
    await rig.clock.advance(hourMs);
    await rig.reopen();
    await expect.poll(kept).toEqual([]);
  });
});

it("code with a name is never removed", async () => {
  const code = await registered("one", { name: "mine", version: "1", is_anonymous: false });
  await muchLater();
  await rig.reopen();
  expect(await kept()).toEqual(names(code));
});
