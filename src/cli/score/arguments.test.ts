import { describe, expect, it } from "vitest";
import { BadArgument, planScore, type ScoreArguments, type ScorePlan } from "./arguments.ts";
import { settingsBanner } from "./settings-banner.ts";

const nothing: ScoreArguments = {
  entryScript: undefined,
  modelDir: undefined,
  port: undefined,
  healthPort: undefined,
  workerCount: undefined,
  appInsightsKey: undefined,
  corsOrigins: undefined,
  configFile: undefined,
};

function plan(given: Partial<ScoreArguments>, environment: NodeJS.ProcessEnv = {}): ScorePlan {
  const where = { cwd: "/work folder", serverVersion: "azmlinfsrv/1.5.1" };
  return planScore({ ...nothing, entryScript: "score.py", ...given }, environment, where);
}

function banner(given: Partial<ScoreArguments>, environment: NodeJS.ProcessEnv = {}): readonly string[] {
  return settingsBanner(plan(given, environment), "1.5.1").split("\n");
}

describe("planScore", () => {
  it("needs a script or a config file on the command line, whatever the environment says", () => {
    const bare = { entryScript: undefined };
    expect(() => plan(bare, { AZUREML_ENTRY_SCRIPT: "score.py" })).toThrow(BadArgument);
    expect(plan({ ...bare, configFile: "c.json" }).variables["AZUREML_CONFIG_FILE"]).toBe(
      "/work folder/c.json",
    );
    expect(plan({ ...bare, configFile: "c.json" }).entryScript).toBeNull();
  });

  it("gives the script what azmlinfsrv would", () => {
    const { variables, appRoot, entryScript, port, workers } = plan(
      { modelDir: "./my/dir" },
      { OTHER: "kept" },
    );
    expect(variables).toEqual({
      OTHER: "kept",
      AML_APP_ROOT: "/work folder",
      AZUREML_ENTRY_SCRIPT: "/work folder/score.py",
      AZUREML_MODEL_DIR: "./my/dir",
      AML_APP_INSIGHTS_ENABLED: "false",
      HTTP_X_MS_SERVER_VERSION: "azmlinfsrv/1.5.1",
      WORKER_COUNT: "1",
      SERVER_PORT: "5001",
      HEALTH_PORT: "5001",
    });
    expect([appRoot, entryScript, port, workers]).toEqual(["/work folder", "/work folder/score.py", 5001, 1]);
  });

  it("puts flags before the environment, but for the port, which is only ever a flag", () => {
    const environment = {
      AZUREML_MODEL_DIR: "env",
      WORKER_COUNT: "3",
      SERVER_PORT: "1",
      AML_APP_ROOT: "/root",
    };
    const given = plan({ modelDir: "flag" }, environment);
    expect(given.variables["AZUREML_MODEL_DIR"]).toBe("flag");
    expect([given.workers, given.port, given.appRoot]).toEqual([3, 5001, "/root"]);
    expect(plan({ workerCount: "2" }, environment).workers).toBe(2);
  });

  it.each([
    [{ port: "0" }, "port"],
    [{ port: "65536" }, "port"],
    [{ port: "-1" }, "port"],
    [{ port: "http" }, "port"],
    [{ healthPort: "0" }, "port"],
    [{ workerCount: "0" }, "worker count"],
    [{ workerCount: "two" }, "worker count"],
  ])("refuses %j", (given, what) => {
    expect(() => plan(given)).toThrow(new RegExp(`^Specified ${what} '`));
  });

  it("opens a port for health where a listener of its own is asked for", () => {
    const separate = { SEPERATE_HEALTH_ENDPOINT: "true" };
    expect(plan({}, separate).healthPort).toBe(5000);
    expect(plan({ healthPort: "8346" }, separate).healthPort).toBe(8346);
    expect(plan({ healthPort: "8346" }).healthPort).toBeNull();
    expect(plan({ port: "5000" }, separate).healthPort).toBeNull();
  });

  it.each([
    [{}, "azmlinfsrv/1.5.1"],
    [{ SERVER_VERSION_LOG_RESPONSE_ENABLED: "TRUE" }, "azmlinfsrv/1.5.1"],
    [{ SERVER_VERSION_LOG_RESPONSE_ENABLED: "notgood" }, null],
  ])("says its version with %j", (environment, expected) => {
    expect(plan({}, environment).serverVersion).toBe(expected);
  });
});

describe("settingsBanner", () => {
  it("has the lines that azmlinfsrv prints", () => {
    expect(banner({ workerCount: "2", port: "8347", corsOrigins: "a, b" }, { WORKER_TIMEOUT: "20" })).toEqual(
      [
        "The environment variable 'AZUREML_MODEL_DIR' has not been set.",
        "Use the --model_dir command line argument to set it.",
        "",
        "Azure ML Inferencing HTTP server v1.5.1",
        "",
        "",
        "Server Settings",
        "---------------",
        "Entry Script Name: /work folder/score.py",
        "Model Directory: None",
        "Config File: None",
        "Worker Count: 2",
        "Worker Timeout (seconds): 20",
        "Server Port: 8347",
        "Health Port: 8347",
        "Application Insights Enabled: false",
        "Application Insights Key: None",
        "Inferencing HTTP server version: azmlinfsrv/1.5.1",
        "CORS for the specified origins: Enabling CORS for a, b",
        "Create dedicated endpoint for health: None",
        "",
        "",
        "Server Routes",
        "---------------",
        "Liveness Probe: GET   127.0.0.1:8347/",
        "Score:          POST  127.0.0.1:8347/score",
        "",
        "",
      ],
    );
  });

  it("tells whether the key of Application Insights can be one, and never shows it", () => {
    const key = "01234567-89ab-cdef-0123-456789abcdef";
    const good = banner({ appInsightsKey: key });
    expect(good[2]).toBe("Valid Application Insights instrumentation key provided.");
    expect(good).toContain("Application Insights Enabled: true");
    expect(good.join("\n")).not.toContain(key);
    const bad = banner({ appInsightsKey: "asdf" });
    expect(bad[2]).toBe("Invalid Application Insights instrumentation key provided.");
    expect(bad).toContain("Application Insights Enabled: false");
  });
});
