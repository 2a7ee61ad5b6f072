import { createHash } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root, say } from "./house.mjs";

/**
 * One hash over the contents of files; the platform belongs to it, because what is installed does too.
 *
 * @param {readonly string[]} files relative to the root
 */
export function contentHash(files) {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const file of files) hash.update("\0").update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/**
 * @param {string} file relative to the root
 * @returns {string | undefined}
 */
export function readStamp(file) {
  try {
    return readFileSync(join(root, file), "utf8");
  } catch {
    return undefined;
  }
}

/**
 * @param {string} file relative to the root
 * @param {string} value
 */
export function writeStamp(file, value) {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), value);
}

/**
 * Runs `work` while no other run of these scripts changes the same checkout.
 *
 * @template T
 * @param {string} subject
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function exclusively(subject, work) {
  const lock = join(root, ".toolchain", `${subject}.lock`);
  for (let isFirst = true; !take(lock); isFirst = false) {
    if (isFirst) say(`· waiting for another run that sets up ${subject} …`);
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/**
 * The lock appears with its owner's id already in it: a file that is written first and linked then.
 *
 * @param {string} lock
 */
function take(lock) {
  const own = `${lock}.${String(process.pid)}`;
  mkdirSync(dirname(lock), { recursive: true });
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, lock);
    return true;
  } catch {
    if (!isAlive(ownerOf(lock))) rmSync(lock, { force: true });
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** @param {string} lock */
function ownerOf(lock) {
  return Number(readStamp(relative(root, lock)));
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
