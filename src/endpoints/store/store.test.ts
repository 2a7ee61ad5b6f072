import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endpointSpecSchema } from "../../contracts/control/endpoint.ts";
import { endpointNameSchema } from "../../contracts/control/names.ts";
import { KilledWriter } from "../testing/killed-writer.ts";
import { Database } from "./database.ts";
import { Store } from "./store.ts";

const shop = endpointNameSchema.parse("shop");
const at = "2026-01-01T00:00:00.000Z";
const secrets = { primary: "p", secondary: "s", signing: "t" };

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hostler-store-"));
  file = join(folder, "hostler.db");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function storeWithShop(): Store {
  const store = new Store(file);
  const spec = endpointSpecSchema.parse({ name: "shop" });
  store.endpoints.insert({ spec, revision: 1, createdAt: at, modifiedAt: at }, secrets);
  return store;
}

describe("the store", () => {
  it("keeps what a transaction wrote, and nothing of one that failed", () => {
    const store = storeWithShop();
    const fail = () =>
      store.transaction(() => {
        store.endpoints.setSecrets(shop, { ...secrets, primary: "other" });
        throw new Error("Half way.");
      });
    expect(fail).toThrow("Half way.");
    expect(store.endpoints.find(shop)?.secrets).toEqual(secrets);
    store.transaction(() => {
      store.endpoints.setSecrets(shop, { ...secrets, primary: "other" });
    });
    store.close();
    const again = new Store(file);
    expect(again.endpoints.find(shop)?.secrets.primary).toBe("other");
    again.close();
  });

  it("keeps the newest thousand events of an endpoint", () => {
    const store = storeWithShop();
    store.transaction(() => {
      for (let number = 0; number < 1_010; number++) {
        const event = {
          at,
          deployment: null,
          reason: "Event",
          message: String(number),
          level: "info",
        } as const;
        store.history.addEvent(shop, event);
      }
      store.history.trimEvents(shop);
    });
    const events = store.history.events(shop);
    expect([events.length, events[0]?.message]).toEqual([1_000, "10"]);
    store.close();
  });

  it("tells why a change failed, also where SQLite has taken it back by itself", () => {
    const database = new Database(file);
    const failing = (): void => {
      database.transaction(() => {
        // As it does of its own accord where the disk is full.
        database.run("ROLLBACK");
        throw new Error("database or disk is full");
      });
    };
    expect(failing).toThrow("database or disk is full");
    database.close();
  });

  it("refuses a state that a newer version wrote", () => {
    new Store(file).close();
    const sqlite = new DatabaseSync(file);
    sqlite.exec("PRAGMA user_version = 99");
    sqlite.close();
    expect(() => new Store(file)).toThrow("The state was written by a newer hostler: its schema is 99");
  });

  it("refuses a file that is none of its own", () => {
    expect(() => new Store(join(folder, "no", "such", "folder.db"))).toThrow("The state cannot be opened");
  });
});

describe("a process that is killed while it writes", () => {
  it("loses nothing that it had acknowledged, leaves nothing half done, and no lock", {
    timeout: 60_000,
  }, async () => {
    let acknowledged = 0;
    for (let round = 0; round < 5; round++) {
      const writer = new KilledWriter(file);
      await writer.reached(acknowledged + 20);
      expect(() => new Store(file)).toThrow("Another hostler is running on this state folder.");
      acknowledged = await writer.kill();
      const store = new Store(file);
      const record = store.endpoints.find(shop)?.record;
      const revisions = store.history.revisions(shop);
      expect(record?.revision).toBeGreaterThanOrEqual(acknowledged);
      // Both were written in one transaction.
      expect(revisions.at(-1)?.revision).toBe(record?.revision);
      expect(record?.spec.description).toBe(String(record?.revision));
      acknowledged = record?.revision ?? 0;
      store.close();
    }
  });
});
