import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { type ContainerEngine, findContainerEngine } from "../../engines/container/container-engine.ts";
import { keyValues } from "../ml/edits/key-values.ts";
import { MlError } from "../ml/ml-error.ts";
import type { Session } from "../ml/session.ts";

interface BuildValues {
  readonly images: readonly string[];
  readonly registry: string;
  readonly file: string | undefined;
  readonly buildArguments: readonly string[];
  readonly context: string | undefined;
}

interface Order {
  readonly context: string;
  readonly dockerfile: string;
  readonly tag: string;
  readonly buildArguments: Readonly<Record<string, string>>;
  readonly pull: false;
}

/** Builds each image where that can be done here; else says plainly that it was not, and what follows from it. */
export async function buildImages(values: BuildValues, session: Session): Promise<void> {
  const { environment } = session.context;
  const orders = ordersOf(values, session.context.cwd);
  if (environment["HOSTLER_ENGINE"] === "process") {
    session.warn(`Nothing is built: HOSTLER_ENGINE=process. ${whatFollows}`);
    return;
  }
  const search = await findContainerEngine(environment);
  if (search.kind === "none") {
    goWithout("Nothing is built: no container engine answers, neither Docker nor podman", session);
    return;
  }
  try {
    for (const order of orders) await buildImage(order, search.engine, session);
  } finally {
    await search.engine.stop();
  }
}

async function buildImage(order: Order, engine: ContainerEngine, session: Session): Promise<void> {
  const missing = await engine.missingBase(order);
  if (missing !== null) {
    const hint = `get it with docker pull ${missing}`;
    goWithout(
      `${order.tag} is not built: its base image ${missing} is not on this machine (${hint})`,
      session,
    );
    return;
  }
  await engine.build(order, (line) => {
    session.context.terminal.err.write(`${line}\n`);
  });
}

const whatFollows = "A deployment that names the image runs its scoring script as a process.";

function goWithout(reason: string, { context, warn }: Session): void {
  if (context.environment["HOSTLER_ENGINE"] === "container") throw new MlError(`${reason}.`);
  warn(`${reason}. ${whatFollows}`);
}

function ordersOf(
  { images, registry, file, buildArguments, context }: BuildValues,
  cwd: string,
): readonly Order[] {
  if (context === undefined) throw MlError.usage("the following arguments are required: <SOURCE_LOCATION>");
  if (images.length === 0) throw MlError.usage("the following arguments are required: --image/-t");
  const folder = resolve(cwd, context);
  const server = `${registry.toLowerCase()}.azurecr.io/`;
  return images.map((image) => ({
    context: folder,
    dockerfile: dockerfileOf(file, folder, cwd),
    tag: image.startsWith(server) ? image : `${server}${image}`,
    buildArguments: Object.fromEntries(
      keyValues("--build-arg", buildArguments).map(({ key, value }) => [key, value]),
    ),
    pull: false,
  }));
}

/** As seen from the folder. Scripts name it from there, or from where they are. */
function dockerfileOf(file: string | undefined, folder: string, cwd: string): string {
  if (file === undefined) return "Dockerfile";
  const path = resolve(cwd, file);
  return existsSync(path) ? relative(folder, path) : file;
}
