import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { EnvironmentAsset } from "../../contracts/control/assets.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { ContainerEngine } from "../../engines/container/container-engine.ts";

/** Where the image of an environment comes from. */
export type ImageSource =
  | { readonly kind: "image"; readonly name: string }
  /** Built out of a folder, under a name of ours. */
  | {
      readonly kind: "build";
      readonly name: string;
      readonly context: string;
      readonly dockerfile: string;
    }
  /** An image with an environment of conda's put into it, as Azure does it. */
  | {
      readonly kind: "conda";
      readonly name: string;
      readonly base: string;
      readonly conda: Readonly<Record<string, unknown>>;
    };

export interface ImageContext {
  readonly allowsPull: boolean;
  readonly scratchFolder: string;
  readonly say: (text: string) => void;
}

/** Null for an environment without an image; names of images that are made here begin with the prefix. */
export function imageSourceOf(environment: EnvironmentAsset | null, prefix: string): ImageSource | null {
  if (environment === null) return null;
  const { image, build, conda, inference_config: config } = environment;
  if (build !== null) {
    const name = ownName(prefix, environment);
    return { kind: "build", name, context: build.path, dockerfile: build.dockerfile_path };
  }
  if (image === null) return null;
  // An image with routes of its own is taken as it is.
  if (conda === null || config !== null) return { kind: "image", name: image };
  return { kind: "conda", name: ownName(prefix, environment), base: image, conda };
}

/** Gets it onto this machine if it is not there; resolves with its name. IMAGE_UNAVAILABLE. */
export async function obtainImage(
  source: ImageSource,
  engine: ContainerEngine,
  context: ImageContext,
): Promise<string> {
  const { allowsPull, say } = context;
  if ((await engine.image(source.name)) !== null) return source.name;
  switch (source.kind) {
    case "image":
      if (!allowsPull) throw notHere(source.name, engine);
      say(`Pulling ${source.name}.`);
      await engine.pull(source.name, say);
      break;
    case "build": {
      say(`Building ${source.name}.`);
      const { context: folder, dockerfile, name } = source;
      await engine.build({ context: folder, dockerfile, tag: name, pull: allowsPull }, say);
      break;
    }
    case "conda":
      await buildWithConda(source, engine, context);
  }
  return source.name;
}

function notHere(name: string, engine: ContainerEngine): ServingError {
  return new ServingError("IMAGE_UNAVAILABLE", `The image ${name} is not on this machine (${engine.name}).`, {
    field: "environment.image",
    got: name,
    hint: `Build it under this name, get it with \`docker pull ${name}\`, or allow pulling with --pull.`,
  });
}

const condaEnvironment = "inf-conda-env";

async function buildWithConda(
  { name, base, conda }: Extract<ImageSource, { kind: "conda" }>,
  engine: ContainerEngine,
  { allowsPull, scratchFolder, say }: ImageContext,
): Promise<void> {
  await mkdir(scratchFolder, { recursive: true });
  const folder = await mkdtemp(join(scratchFolder, "image-"));
  try {
    await writeFile(join(folder, "conda.yml"), stringify(conda));
    await writeFile(join(folder, "Dockerfile"), condaDockerfile(base));
    say(`Building ${name}: ${base} with the packages of the conda file.`);
    await engine.build({ context: folder, dockerfile: "Dockerfile", tag: name, pull: allowsPull }, say);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What Azure's own client builds for a local deployment. */
function condaDockerfile(base: string): string {
  const run = ["conda", "run", "--no-capture-output", "-n", condaEnvironment, "runsvdir", "/var/runit"];
  return [
    `FROM ${base}`,
    "RUN mkdir -p /var/azureml-app",
    "WORKDIR /var/azureml-app",
    "COPY conda.yml /var/azureml-app/conda.yml",
    `RUN conda env create -n ${condaEnvironment} --file conda.yml`,
    `ENV AZUREML_INFERENCE_PYTHON_PATH=/opt/miniconda/envs/${condaEnvironment}/bin`,
    `CMD ${JSON.stringify(run)}`,
    "",
  ].join("\n");
}

/** One name for one content: an environment's version never changes. */
function ownName(prefix: string, { name, version }: EnvironmentAsset): string {
  const readable = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  const digest = createHash("sha256")
    .update(JSON.stringify([prefix, name, version]))
    .digest("hex")
    .slice(0, 12);
  return `${prefix}/${readable}:${digest}`;
}
