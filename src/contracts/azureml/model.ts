import { z } from "zod";
import { modelTypes } from "../control/assets.ts";
import { anyMap, assetName, mapping, readOnly, text, textMap, versionText, word } from "./values.ts";

const template = mapping({ asset_id: text.optional() });

/** The keys of a model, registered or defined in a deployment, but for its name. */
const modelFields = {
  $schema: readOnly,
  version: versionText.optional().meta({ description: "Left out: one more than the newest." }),
  type: word(modelTypes).optional().meta({ description: "What the files are; custom_model if left out." }),
  path: text.optional().meta({
    description: "File or folder, relative to this file. Its last part keeps its name for the script.",
  }),
  description: text.optional(),
  tags: textMap.optional(),
  properties: textMap.optional(),
  stage: text.optional(),
  flavors: anyMap.optional().meta({ description: "Has no effect: MLflow models say it themselves." }),
  datastore: text.optional().meta({ description: "Has no effect: models are kept on this machine." }),
  system_metadata: anyMap.optional().meta({ description: "Has no effect." }),
  default_deployment_template: template.optional().meta({ description: "Has no effect." }),
  allowed_deployment_templates: z
    .array(template, { error: "a list" })
    .optional()
    .meta({ description: "Has no effect." }),
  id: readOnly,
  utc_time_created: readOnly,
  creation_context: readOnly,
  job_name: readOnly,
  latest_version: readOnly,
  intellectual_property: readOnly,
};

const name = assetName.meta({ description: "The model's name in the workspace." });

/** `az ml model create -f`. */
export const modelFileSchema = mapping({ name, ...modelFields });

/** `model:` of a deployment: without a name it belongs to that deployment alone. */
export const inlineModelFileSchema = mapping({ name: name.optional(), ...modelFields });

type ModelFile = z.output<typeof modelFileSchema>;
export type InlineModelFile = z.output<typeof inlineModelFileSchema>;

interface Located {
  readonly path: string;
}

/** As read: `path` is there, and absolute. */
export type ModelDocument = Omit<ModelFile, "path"> & Located;
export type InlineModel = Omit<InlineModelFile, "path"> & Located;
