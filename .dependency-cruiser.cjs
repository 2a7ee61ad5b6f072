/**
 * The layers of ARCHITECTURE.md, downwards only:
 * cli → server → the edges, which never import each other → core → contracts.
 */
const edges = ["protocols", "repositories", "runtimes", "engines", "endpoints", "telemetry"];
const edge = `(${edges.join("|")})`;
const tests = "\\.test\\.ts$|/testing/";

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const layers = [
  {
    name: "contracts-import-zod-only",
    comment: "Contracts run in a browser: schemas, types and tables.",
    from: { path: "^src/contracts/", pathNot: tests },
    to: { pathNot: ["^src/contracts/", "node_modules/zod/"] },
  },
  {
    name: "core-imports-contracts-only",
    comment: "The domain is pure: no platform, no libraries, no I/O.",
    from: { path: "^src/core/", pathNot: tests },
    to: { pathNot: "^src/(core|contracts)/" },
  },
  {
    name: "edges-import-downwards",
    comment: "An edge knows the core and nothing above or beside it.",
    from: { path: `^src/${edge}/`, pathNot: tests },
    to: { path: "^src/", pathNot: ["^src/$1/", "^src/(core|contracts)/"] },
  },
  {
    name: "rooms-of-an-edge-are-separate",
    comment:
      "Two contracts, readers or runtimes share what lies in http/, in shared/ or in their parent, nothing else.",
    from: { path: `^src/${edge}/([^/]+)/`, pathNot: tests },
    to: { path: "^src/$1/[^/]+/", pathNot: ["^src/$1/$2/", "^src/$1/(http|shared)/"] },
  },
  {
    name: "server-never-imports-cli",
    from: { path: "^src/server/" },
    to: { path: "^src/cli/" },
  },
  {
    name: "cli-loads-the-server-late",
    comment:
      "`hostler --help` must not pay for Fastify: only a command that serves loads the server, by import().",
    from: { path: "^src/cli/", pathNot: tests },
    to: {
      path: "^src/server/|node_modules/(@?fastify|pino|prom-client)/",
      dynamic: false,
      dependencyTypesNot: ["type-only"],
    },
  },
];

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const hygiene = [
  { name: "no-cycles", from: {}, to: { circular: true } },
  {
    name: "no-orphans",
    comment: "A module that nothing imports and that imports nothing is dead.",
    from: { orphan: true, path: "^src/", pathNot: tests },
    to: {},
  },
  {
    name: "no-test-code-in-src",
    from: { path: "^src/", pathNot: tests },
    to: { path: [tests, "^(tests|tools|bench)/"] },
  },
  {
    name: "no-development-packages-in-src",
    from: { path: "^src/", pathNot: tests },
    to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
  },
  { name: "everything-resolves", from: {}, to: { couldNotResolve: true } },
];

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [...layers, ...hygiene].map((rule) => ({ ...rule, severity: "error" })),
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(dist|bench/\\.work)/" },
    tsConfig: { fileName: "tsconfig.base.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
