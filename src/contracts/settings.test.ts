import { describe, expect, it } from "vitest";
import { z } from "zod";
import { serverSettingsSchema, settingNames } from "./settings.ts";
import { settingKinds, settingsSources } from "./settings-sources.ts";

describe("settingsSources", () => {
  it.each(settingNames)("has a valid default for %s", (name) => {
    const { fallback } = settingsSources[name];
    const schema = serverSettingsSchema.unwrap().shape[name];
    expect("value" in fallback ? schema.safeParse(fallback.value).error : undefined).toBeUndefined();
  });

  it.each(settingNames)("says what %s may be", (name) => {
    const { kind, options, help } = settingsSources[name];
    const schema = serverSettingsSchema.unwrap().shape[name];
    expect(options).toEqual(schema instanceof z.ZodEnum ? schema.options : undefined);
    expect(kind in settingKinds).toBe(true);
    expect(help).toMatch(/^[A-Z].*\.$/);
  });

  it("gives no flag, variable or key to two settings", () => {
    const sources = settingNames.map((name) => settingsSources[name]);
    for (const names of [
      sources.flatMap(({ flag }) => flag?.match(/--[a-z-]+/g) ?? []),
      sources.flatMap(({ variable }) => variable ?? []),
      sources.flatMap(({ fileKey }) => fileKey ?? []),
      sources.flatMap(({ mlserverVariable }) => mlserverVariable ?? []),
    ]) {
      expect(names).toEqual([...new Set(names)]);
    }
  });

  it("calls MLServer's variables as MLServer does", () => {
    for (const name of settingNames) {
      const { fileKey, mlserverVariable } = settingsSources[name];
      if (mlserverVariable !== null)
        expect(mlserverVariable).toBe(`MLSERVER_${String(fileKey).toUpperCase()}`);
    }
    expect(settingNames.some((name) => settingsSources[name].mlserverVariable !== null)).toBe(true);
  });

  it("lets no file decide who may use the server, or what code it runs", () => {
    for (const name of ["insecureNoAuth", "apiKeySha256", "trustedFolders", "python"] as const) {
      expect(settingsSources[name].fileKey).toBeNull();
      expect(settingsSources[name].mlserverVariable).toBeNull();
    }
  });
});

it("can be written as a JSON Schema", () => {
  expect(() => z.toJSONSchema(serverSettingsSchema)).not.toThrow();
});
