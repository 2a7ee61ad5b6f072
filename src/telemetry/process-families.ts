import { readdirSync } from "node:fs";
import { type Family, single } from "./exposition.ts";

const startedAtSeconds = performance.timeOrigin / 1000;

/** The front process, under the names that every Prometheus dashboard knows. */
export const processFamilies: readonly Family[] = [
  single(
    {
      name: "process_cpu_seconds_total",
      type: "counter",
      help: "Processor time of the front process; its workers are processes of their own.",
    },
    () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  ),
  single(
    { name: "process_resident_memory_bytes", type: "gauge", help: "Resident memory of the front process." },
    () => process.memoryUsage.rss(),
  ),
  single(
    {
      name: "process_start_time_seconds",
      type: "gauge",
      help: "When the front process started, in Unix time.",
    },
    () => startedAtSeconds,
  ),
  {
    name: "process_open_fds",
    type: "gauge",
    help: "Open file descriptors of the front process.",
    samples: openDescriptors,
  },
  single(
    { name: "nodejs_heap_size_used_bytes", type: "gauge", help: "JavaScript heap in use." },
    () => process.memoryUsage().heapUsed,
  ),
  single(
    {
      name: "nodejs_eventloop_active_seconds_total",
      type: "counter",
      help: "Time that the event loop was busy: its rate is the load of the one thread in front.",
    },
    () => performance.eventLoopUtilization().active / 1000,
  ),
];

/** Left out where the system does not tell. */
function openDescriptors(): readonly string[] {
  try {
    return [`process_open_fds ${String(readdirSync("/proc/self/fd").length)}\n`];
  } catch {
    return [];
  }
}
