/**
 * The first file that Node.js reads: whatever a Node.js too old for the rest must still understand stays here.
 */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  console.error(
    `hostler needs Node.js 22.13 or newer, this one is ${process.versions.node}: install a newer one.`,
  );
  process.exit(1);
}

// Compiled code is kept between starts where the user's caches live: the package's own folder may be read-only.
const { enableCompileCache, flushCompileCache } = process.getBuiltinModule("node:module");
enableCompileCache(cacheFolder());
// Otherwise it is written at the end, which a server that is killed never comes to. Nothing waits for this.
setTimeout(flushCompileCache, 2_000).unref();

// Schemas are read a few at a time here: compiling a parser for each would only hold up the start.
globalThis.__zod_globalConfig = { jitless: true };

const built = new URL("../dist/cli.mjs", import.meta.url);
const isBuilt = process.getBuiltinModule("node:fs").existsSync(built);
await import(isBuilt ? built.href : new URL("../src/cli/main.ts", import.meta.url).href);

function cacheFolder() {
  const { XDG_CACHE_HOME, HOME } = process.env;
  if (XDG_CACHE_HOME) return `${XDG_CACHE_HOME}/hostler`;
  return HOME ? `${HOME}/.cache/hostler` : undefined;
}
