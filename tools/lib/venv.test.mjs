import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { whatIsWrong } from "./venv.mjs";

let python = "";

beforeAll(() => {
  python = join(mkdtempSync(join(tmpdir(), "hostler-python-")), "python3");
});

afterAll(() => {
  rmSync(join(python, ".."), { recursive: true });
});

/** @param {string} answer what this machine's Python says of itself */
function pretend(answer) {
  writeFileSync(python, `#!/bin/sh\necho '${answer}'\n`);
  chmodSync(python, 0o700);
}

describe("whatIsWrong", () => {
  test("accepts Python 3.10 with the venv module", async () => {
    pretend('{"version": [3, 10, 0], "venv": true}');
    expect(await whatIsWrong(python)).toBeUndefined();
  });

  test("tells an old Python from a new one, and what to do", async () => {
    pretend('{"version": [3, 9, 18], "venv": true}');
    expect(await whatIsWrong(python)).toMatch(/is Python 3\.9\.18, hostler needs 3\.10 or newer: install it/);
  });

  test("names the package that brings a missing venv module", async () => {
    pretend('{"version": [3, 11, 2], "venv": false}');
    expect(await whatIsWrong(python)).toMatch(/lacks the venv module: .*apt-get install python3-venv/);
  });

  test("knows a command that is not there", async () => {
    expect(await whatIsWrong(join(python, "nowhere"))).toBe("missing");
  });
});
