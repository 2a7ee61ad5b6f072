import { describe, expect, it } from "vitest";
import { HostRig } from "../core/testing/host-rig.ts";
import { expose } from "./exposition.ts";
import { HostMetrics } from "./host-metrics.ts";

describe("metrics of a model host", () => {
  it("count what became of calls, and forget the models that went", async () => {
    const metrics = new HostMetrics();
    const rig = new HostRig({ meter: metrics });
    await rig.load("a");
    await rig.ask("a");
    rig.behaviour.set("b", { run: "crashes" });
    await rig.load("b");
    await rig.ask("b");
    rig.behaviour.set("c", { load: "fails" });
    await rig.load("c");
    const { text } = await expose(metrics.families);
    expect(text.split("\n")).toEqual(
      expect.arrayContaining([
        'hostler_hosted_calls_total{model="a",outcome="answered"} 1',
        'hostler_hosted_calls_total{model="b",outcome="refused"} 1',
        'hostler_hosted_worker_restarts_total{model="b",reason="died"} 1',
        'hostler_hosted_run_duration_seconds_sum{model="a"} 0.005',
        'hostler_hosted_batch_size_count{model="a"} 1',
        "hostler_hosted_load_duration_seconds_count 2",
        "hostler_hosted_failed_loads_total 1",
      ]),
    );
    await rig.clock.until(rig.unload("a"));
    const after = (await expose(metrics.families)).text;
    expect(after).not.toContain('model="a"');
    expect(after).toContain("hostler_hosted_unload_duration_seconds_count 1");
  });
});
