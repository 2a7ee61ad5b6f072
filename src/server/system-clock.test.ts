import { clockContract } from "../core/testing/clock-contract.ts";
import { systemClock } from "./system-clock.ts";

clockContract(() => ({
  clock: systemClock,
  pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}));
