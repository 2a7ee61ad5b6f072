import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, it } from "vitest";
import { type ProcessIds, ProcessMemory } from "./process-memory.ts";

const mebibyte = 2 ** 20;
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** Holds 64 MiB of its own as soon as it is told to. */
const program = `
const held = [];
process.stdin.on("data", () => { held.push(Buffer.alloc(64 * 1024 * 1024, 1)); process.stdout.write("held"); });
process.stdout.write("up");
`;

async function startChild(): Promise<{ readonly pid: number; readonly grow: () => Promise<void> }> {
  const child = spawn(process.execPath, ["-e", program], { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout, "data");
  const grow = async (): Promise<void> => {
    child.stdin.write("now");
    await once(child.stdout, "data");
  };
  return { pid: child.pid ?? 0, grow };
}

async function measure(ids: Partial<ProcessIds>): Promise<number> {
  const [front, workers, zygotes] = [ids.front ?? process.pid, ids.workers ?? [], ids.zygotes ?? []];
  return new ProcessMemory(() => ({ front, workers, zygotes })).measure();
}

it("sees what a process allocates", async () => {
  const { pid, grow } = await startChild();
  const before = await measure({ front: pid });
  await grow();
  const grown = (await measure({ front: pid })) - before;
  expect(grown).toBeGreaterThan(60 * mebibyte);
  expect(grown).toBeLessThan(80 * mebibyte);
});

it("sees at once what a process has allocated since it was last walked over", async () => {
  const { pid, grow } = await startChild();
  const probe = new ProcessMemory(() => ({ front: pid, workers: [], zygotes: [] }));
  const before = await probe.measure();
  await grow();
  const grown = (await probe.measure()) - before;
  expect(grown).toBeGreaterThan(60 * mebibyte);
  expect(grown).toBeLessThan(80 * mebibyte);
});

it("adds up the processes of a tree", async () => {
  const { pid, grow } = await startChild();
  await grow();
  const child = await measure({ front: pid });
  const tree = await measure({ workers: [pid] });
  expect(tree).toBeGreaterThan(child);
});

it("counts of a zygote also what it shares", async () => {
  const { pid } = await startChild();
  expect(await measure({ zygotes: [pid] })).toBeGreaterThan(await measure({ workers: [pid] }));
});

it("counts a process that has ended as nothing", async () => {
  const { pid } = await startChild();
  const [child] = children;
  child?.kill("SIGKILL");
  if (child !== undefined) await once(child, "exit");
  expect(await measure({ front: pid, workers: [pid], zygotes: [pid] })).toBe(0);
});
