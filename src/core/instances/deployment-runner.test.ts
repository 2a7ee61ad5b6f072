import { describe, expect, it } from "vitest";
import { ServingError } from "../../contracts/serving-error.ts";
import { RunnerRig } from "../testing/runner-rig.ts";

const endless = { readyAfterMs: null };
const crashing = { readyAfterMs: null, endsAfterMs: 10 };

async function served(fields: Readonly<Record<string, unknown>> = {}): Promise<RunnerRig> {
  const rig = new RunnerRig();
  rig.apply({}, fields, "first");
  await rig.clock.advance(1_000);
  return rig;
}

describe("a new deployment", () => {
  it("is there as soon as its instances answer, whatever delay its probes are given", async () => {
    const rig = new RunnerRig();
    rig.apply({}, { instance_count: 2, readiness_probe: { initial_delay: 60, period: 60 } });
    await rig.clock.advance(90);
    expect(rig.outcomes).toBe("1 succeeded");
    expect(rig.states).toBe("ready ready");
    expect(rig.pool.admit().kind).toBe("admitted");
  });

  it("serves with its first instance while others still start", async () => {
    const rig = new RunnerRig();
    rig.apply({}, { instance_count: 2 });
    await rig.clock.advance(12);
    const [, slow] = rig.launcher.of(1);
    await rig.clock.advance(10);
    if (slow !== undefined) slow.isReady = false;
    await rig.clock.advance(60);
    expect(rig.pool.admit().kind).toBe("admitted");
  });

  it("lets calls wait for it", async () => {
    const rig = new RunnerRig();
    rig.apply();
    const admission = rig.pool.admit();
    expect(admission.kind).toBe("waiting");
    await rig.clock.advance(100);
    const lease = admission.kind === "waiting" ? await rig.clock.until(admission.lease) : null;
    expect(lease).not.toBeNull();
  });

  it("fails after three ends, with the reason, the probes and the last lines of its log", async () => {
    const rig = new RunnerRig();
    rig.apply(crashing);
    await rig.clock.advance(5_000);
    expect(rig.outcomes).toBe("1 failed");
    expect(rig.launcher.launches).toBe(3);
    const reason = rig.reasonOf(1);
    expect(reason).toContain("it ended 3 times before it was ready: exit code 3");
    expect(reason).toContain("readiness: status 503");
    expect(reason).toContain("revision 1 begins");
    expect(rig.states).toBe("failed");
    expect([rig.launcher.instances.size, rig.launcher.prepared]).toEqual([0, 0]);
  });

  it("fails at once where starting again cannot help", async () => {
    const rig = new RunnerRig();
    const launchFailure = new ServingError("DEPLOYMENT_FAILED", "score.py raised KeyError: 'x'.", {
      hint: "Mend it.",
    });
    rig.apply({ launchFailure });
    await rig.clock.advance(20);
    expect(rig.reasonOf(1)).toContain("instance 0: score.py raised KeyError: 'x'. Mend it.");
    rig.apply({ ...crashing, end: { reason: "exit code 3", isHopeless: true } });
    await rig.clock.advance(200);
    expect(rig.outcomes).toBe("1 failed, 2 failed");
  });

  it("fails with what could not be prepared, and what to do", async () => {
    const rig = new RunnerRig();
    const prepareFailure = new ServingError("IMAGE_UNAVAILABLE", "There is no image a:1.", {
      hint: "Pull it.",
    });
    rig.apply({ prepareFailure });
    await rig.clock.advance(20);
    expect(rig.reasonOf(1)).toBe("blue could not be started: There is no image a:1.\nPull it.");
    expect(rig.lines).toEqual(["null hostler There is no image a:1."]);
    expect(rig.states).toBe("failed");
  });

  it("fails when readiness does not come within its probe's limits", async () => {
    const rig = new RunnerRig();
    rig.apply(endless, { readiness_probe: { initial_delay: 1, period: 2, failure_threshold: 3 } });
    await rig.clock.advance(6_900);
    expect(rig.outcomes).toBe("");
    await rig.clock.advance(200);
    expect(rig.reasonOf(1)).toContain("it was not ready after 7 s");
    expect(rig.launcher.instances.size).toBe(0);
  });
});

describe("an update", () => {
  it("starts beside what serves, and flips in one go", async () => {
    const rig = await served({ instance_count: 2 });
    rig.apply({ readyAfterMs: 500 }, { instance_count: 2 });
    await rig.clock.advance(300);
    expect(rig.running).toBe("1 1 2 2");
    const before = rig.pool.admit();
    if (before.kind === "admitted") before.lease.release();
    await rig.clock.advance(400);
    expect(rig.running).toBe("2 2");
    expect(rig.outcomes).toBe("1 succeeded, 2 succeeded");
  });

  it("waits for the last of its instances", async () => {
    const rig = await served();
    rig.apply({ readyAfterMs: 100 }, { instance_count: 2 });
    await rig.clock.advance(50);
    const [first] = rig.launcher.of(2);
    if (first !== undefined) first.isReady = true;
    await rig.clock.advance(55);
    expect(rig.running).toBe("1 2 2");
    await rig.clock.advance(500);
    expect(rig.running).toBe("2 2");
  });

  it("lets calls that are under way end on the old instances", async () => {
    const rig = await served();
    const admission = rig.pool.admit();
    rig.apply();
    await rig.clock.advance(1_000);
    expect(rig.running).toBe("1 2");
    if (admission.kind === "admitted") admission.lease.release();
    await rig.clock.advance(100);
    expect(rig.running).toBe("2");
  });

  it("that fails leaves the old one serving, with its limits", async () => {
    const rig = await served({ request_settings: { request_timeout_ms: 1234 } });
    rig.apply(crashing, { request_settings: { request_timeout_ms: 99 } });
    await rig.clock.advance(5_000);
    expect(rig.outcomes).toBe("1 succeeded, 2 failed");
    expect([rig.running, rig.states, rig.pool.timeoutMs]).toEqual(["1", "ready", 1234]);
    expect(rig.reasonOf(2)).toContain("revision 2 begins");
    expect(rig.reasonOf(2)).not.toContain("revision 1 begins");
  });

  it("that changes nothing restarts nothing", async () => {
    const rig = await served();
    rig.apply({}, { tags: { a: "b" }, request_settings: { request_timeout_ms: 77 } }, "first");
    await rig.clock.settle();
    expect(rig.outcomes).toBe("1 succeeded, 2 succeeded");
    expect([rig.launcher.launches, rig.pool.timeoutMs]).toEqual([1, 77]);
  });

  it("of the count alone starts or stops instances, and drains them", async () => {
    const rig = await served();
    rig.apply({}, { instance_count: 3 }, "first");
    await rig.clock.advance(100);
    expect([rig.states, rig.outcomes]).toEqual(["ready ready ready", "1 succeeded, 2 succeeded"]);
    const admissions = Array.from({ length: 3 }, () => rig.pool.admit());
    expect(admissions.map(({ kind }) => kind)).toEqual(["admitted", "admitted", "admitted"]);
    for (const admission of admissions) if (admission.kind === "admitted") admission.lease.release();
    rig.apply({}, { instance_count: 1 }, "first");
    await rig.clock.advance(100);
    expect([rig.running, rig.launcher.launches]).toEqual(["1", 3]);
  });

  it("overtakes one that is still under way", async () => {
    const rig = await served();
    rig.apply({ readyAfterMs: 10_000 });
    await rig.clock.advance(100);
    rig.apply();
    await rig.clock.advance(1_000);
    expect([rig.outcomes, rig.running]).toEqual(["1 succeeded, 3 succeeded", "3"]);
  });

  it("calls off a launch that hangs", async () => {
    const rig = await served();
    rig.apply({ launchMs: 3_600_000 });
    await rig.clock.advance(100);
    rig.apply();
    await rig.clock.advance(1_000);
    expect([rig.outcomes, rig.running]).toEqual(["1 succeeded, 3 succeeded", "3"]);
    rig.apply({ launchMs: 3_600_000 });
    await rig.clock.advance(100);
    const stopped = rig.runner.stop({ force: false });
    await rig.clock.advance(100);
    await stopped;
    expect([rig.launcher.instances.size, rig.launcher.prepared, rig.clock.pending]).toEqual([0, 0, 0]);
  });

  it("back to what serves gives up what was under way", async () => {
    const rig = await served();
    rig.apply({ readyAfterMs: 10_000 });
    await rig.clock.advance(100);
    rig.apply({}, {}, "first");
    await rig.clock.advance(100);
    expect([rig.outcomes, rig.running]).toEqual(["1 succeeded, 3 succeeded", "1"]);
  });
});

describe("a deployment with a port of its own", () => {
  const single = { isSingle: true };

  it("never has two instances, and says so", async () => {
    const rig = new RunnerRig();
    rig.apply(single, { instance_count: 2 });
    await rig.clock.advance(1_000);
    expect(rig.running).toBe("1");
    expect(rig.happenings.map(({ reason }) => reason)).toContain("SingleInstance");
    rig.apply(single);
    await rig.clock.advance(20);
    expect(rig.running.split(" ").length).toBeLessThan(2);
    await rig.clock.advance(1_000);
    expect(rig.running).toBe("2");
  });

  it("comes back when its successor fails", async () => {
    const rig = new RunnerRig();
    rig.apply(single, {}, "first");
    await rig.clock.advance(1_000);
    rig.apply({ ...single, ...crashing });
    await rig.clock.advance(5_000);
    expect(rig.outcomes).toBe("1 succeeded, 2 failed");
    expect([rig.running, rig.states]).toEqual(["1", "ready"]);
  });

  it("lets one without such a port serve until it is ready itself, and for good if it fails", async () => {
    const rig = await served();
    rig.apply({ ...single, ...crashing });
    rig.apply({ ...single, readyAfterMs: 400 });
    await rig.clock.advance(300);
    expect(rig.running).toBe("1 3");
    await rig.clock.advance(1_000);
    expect(rig.running).toBe("3");
    rig.apply({ readyAfterMs: 400 });
    await rig.clock.advance(300);
    expect(rig.running).toBe("3 4");
    await rig.clock.advance(1_000);
    rig.apply({ ...single, ...crashing });
    for (let round = 0; round < 50; round++) {
      await rig.clock.advance(100);
      expect(rig.running.split(" ")).toContain("4");
    }
    expect([rig.launcher.launches, rig.outcomes]).toEqual([
      6,
      "1 succeeded, 3 succeeded, 4 succeeded, 5 failed",
    ]);
  });
});

describe("an instance that serves", () => {
  it("is started again when it ends, with a growing delay, and for ever", async () => {
    const rig = await served();
    const starts: number[] = [];
    for (let round = 0; round < 9; round++) {
      const [instance] = rig.launcher.instances;
      const endedAt = rig.clock.now();
      instance?.die();
      while (rig.launcher.instances.size === 0) await rig.clock.advance(50);
      starts.push(Math.round((rig.clock.now() - endedAt) / 100));
      await rig.clock.advance(100);
    }
    expect(starts.slice(0, 4)).toEqual([2, 3, 5, 9]);
    expect(starts.at(-1)).toBe(101);
    expect(rig.outcomes).toBe("1 succeeded");
    expect(rig.runner.instances[0]?.restarts).toBe(9);
  });

  it("is healthy again after ten seconds", async () => {
    const rig = await served();
    for (let round = 0; round < 5; round++) {
      await rig.clock.advance(11_000);
      [...rig.launcher.instances][0]?.die();
      await rig.clock.advance(200);
      expect(rig.launcher.instances.size).toBe(1);
    }
  });

  it("gets no calls while it is not ready, and calls again when it is", async () => {
    const rig = await served({ readiness_probe: { period: 1, failure_threshold: 2 } });
    const [instance] = rig.launcher.of(1);
    if (instance !== undefined) instance.isReady = false;
    await rig.clock.advance(3_000);
    expect([rig.states, rig.pool.admit().kind]).toEqual(["unready", "waiting"]);
    if (instance !== undefined) instance.isReady = true;
    await rig.clock.advance(1_100);
    expect(rig.states).toBe("ready");
    expect(rig.launcher.launches).toBe(1);
  });

  it("is replaced when it does not live any more", async () => {
    const rig = await served({ liveness_probe: { initial_delay: 1, period: 1, failure_threshold: 3 } });
    const [instance] = rig.launcher.of(1);
    if (instance !== undefined) instance.isAlive = false;
    await rig.clock.advance(5_000);
    expect(instance?.isRunning).toBe(false);
    expect([rig.states, rig.launcher.launches]).toEqual(["ready", 2]);
    expect(rig.happenings.at(-2)?.message).toContain("liveness probe failed 3 times: status 503");
  });
});

describe("an instance that does not live any more", () => {
  it("gets no calls while it is stopped, however long that takes", async () => {
    const rig = new RunnerRig();
    rig.apply({ stopMs: 4_000 }, { liveness_probe: { initial_delay: 1, period: 1, failure_threshold: 1 } });
    await rig.clock.advance(500);
    const [instance] = rig.launcher.of(1);
    if (instance !== undefined) instance.isAlive = false;
    await rig.clock.advance(2_000);
    expect([instance?.isRunning, rig.pool.admit().kind]).toEqual([true, "waiting"]);
  });
});

describe("what is restored", () => {
  it("is tried again until it runs, and nobody is told of an outcome", async () => {
    const rig = new RunnerRig();
    let tries = 0;
    const failure = new ServingError("ENGINE_UNAVAILABLE", "No engine answers.");
    const target = rig.target({
      get prepareFailure() {
        tries += 1;
        return tries < 5 ? failure : null;
      },
    });
    rig.runner.restore(target);
    await rig.clock.advance(10_000);
    expect([rig.states, rig.outcomes]).toEqual(["ready", ""]);
    expect(rig.happenings.filter(({ reason }) => reason === "StartFailed")).toHaveLength(1);
  });
});

describe("scaling by utilization", () => {
  const scale_settings = {
    type: "target_utilization",
    min_instances: 1,
    max_instances: 4,
    polling_interval: 1,
    target_utilization_percentage: 50,
  };

  it("starts instances when calls come, and stops them after a lull", async () => {
    const rig = await served({ scale_settings, instance_count: 1 });
    const admission = rig.pool.admit();
    await rig.clock.advance(2_000);
    expect(rig.states).toBe("ready ready");
    if (admission.kind === "admitted") admission.lease.release();
    await rig.clock.advance(30_000);
    expect(rig.states).toBe("ready ready");
    await rig.clock.advance(60_000);
    expect(rig.states).toBe("ready");
  });
});

describe("stopping", () => {
  it("leaves nothing, whatever was under way", async () => {
    const rig = await served({ instance_count: 2 });
    rig.apply({ readyAfterMs: 10_000 });
    await rig.clock.advance(8);
    await rig.clock.until(rig.runner.stop({ force: false }));
    expect([rig.launcher.instances.size, rig.launcher.prepared]).toEqual([0, 0]);
    await rig.clock.runOut();
    expect(rig.launcher.instances.size).toBe(0);
  });

  it("waits for calls, unless it is forced", async () => {
    const rig = await served();
    rig.pool.admit();
    const stopped = rig.runner.stop({ force: false });
    await rig.clock.advance(4_000);
    expect(rig.running).toBe("1");
    const forced = rig.runner.stop({ force: true });
    await rig.clock.advance(100);
    expect(rig.running).toBe("");
    await rig.clock.until(Promise.all([stopped, forced]));
    expect(rig.pool.admit().kind).toBe("refused");
  });

  it("that is forced waits for no calls of instances that were too many either", async () => {
    const rig = await served({ instance_count: 2 });
    rig.pool.admit();
    rig.pool.admit();
    rig.apply({}, { instance_count: 1 }, "first");
    await rig.clock.advance(100);
    expect(rig.running).toBe("1 1");
    const stopped = rig.runner.stop({ force: true });
    await rig.clock.advance(100);
    expect(rig.running).toBe("");
    await rig.clock.until(stopped);
  });
});
