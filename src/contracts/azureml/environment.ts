import { z } from "zod";
import {
  assetName,
  mapping,
  readOnly,
  text,
  textLike,
  textMap,
  versionText,
  wholeNumberFrom,
  word,
} from "./values.ts";

const route = mapping({
  port: wholeNumberFrom(1, 65_535),
  path: textLike(/^\//, "a path that starts with /"),
});

const inferenceConfig = mapping({
  liveness_route: route,
  readiness_route: route,
  scoring_route: route,
});

const buildContext = mapping({
  path: text.meta({ description: "Folder with the Dockerfile, relative to this file." }),
  dockerfile_path: text.optional().meta({ description: "Below the folder; Dockerfile if left out." }),
});

/** The keys of an environment, registered or defined in a deployment, but for its name. */
const environmentFields = {
  $schema: readOnly,
  version: versionText.optional().meta({ description: "Left out: one more than the newest." }),
  description: text.optional(),
  tags: textMap.optional(),
  properties: textMap.optional(),
  image: text.optional().meta({ description: "Container image." }),
  build: buildContext.optional().meta({ description: "What to build the image from." }),
  conda_file: z
    .union([z.string(), z.record(z.string(), z.unknown())], { error: "a path, or a conda environment" })
    .optional()
    .meta({ description: "A conda environment: a file, relative to this one, or its content." }),
  inference_config: inferenceConfig.optional().meta({
    description: "Where the server inside the image answers. Without it the image runs a scoring script.",
  }),
  os_type: word(["linux", "windows"]).optional(),
  datastore: text.optional().meta({ description: "Has no effect: environments are kept on this machine." }),
  auto_delete_setting: mapping({ condition: text.optional(), value: text.optional() })
    .optional()
    .meta({ description: "Has no effect: nothing is deleted by itself." }),
  id: text.optional().meta({ description: "Has no effect." }),
  creation_context: readOnly,
  latest_version: readOnly,
  intellectual_property: readOnly,
};

const name = assetName.meta({ description: "The environment's name in the workspace." });

/** `az ml environment create -f`. */
export const environmentFileSchema = mapping({ name, ...environmentFields });

/** `environment:` of a deployment: without a name it belongs to that deployment alone. */
export const inlineEnvironmentFileSchema = mapping({ name: name.optional(), ...environmentFields });

type EnvironmentFile = z.output<typeof environmentFileSchema>;
export type InlineEnvironmentFile = z.output<typeof inlineEnvironmentFileSchema>;

interface Conda {
  /** The content of the conda file. */
  readonly conda?: Readonly<Record<string, unknown>>;
}

/** As read: paths are absolute, the conda file is its content. */
export type EnvironmentDocument = Omit<EnvironmentFile, "conda_file"> & Conda;
export type InlineEnvironment = Omit<InlineEnvironmentFile, "conda_file"> & Conda;
