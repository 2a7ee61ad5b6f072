import { join } from "node:path";
import {
  type DeploymentDocument,
  type DeploymentFile,
  deploymentFileSchema,
} from "../../contracts/azureml/deployment.ts";
import { endpointDocumentSchema } from "../../contracts/azureml/endpoint.ts";
import { environmentFileSchema, type InlineEnvironmentFile } from "../../contracts/azureml/environment.ts";
import { type InlineModelFile, modelFileSchema } from "../../contracts/azureml/model.ts";
import type { CheckScript } from "./check-script.ts";
import type { DocumentKind, Documents } from "./documents.ts";
import type { Draft } from "./draft.ts";
import { checkFile, locate, locateFolder, locateScript, readConda } from "./files.ts";
import type { YamlPath } from "./yaml-text.ts";

type Reader<Kind extends DocumentKind> = (
  draft: Draft,
  checkScript: CheckScript | undefined,
) => Promise<Documents[Kind]>;

/** What makes each kind of document of its raw content: the schema first, then the files that it names. */
export const readers: { readonly [Kind in DocumentKind]: Reader<Kind> } = {
  "online-endpoint": (draft) => Promise.resolve(draft.parse(endpointDocumentSchema)),
  "online-deployment": (draft, checkScript) =>
    readDeployment(draft, draft.parse(deploymentFileSchema), checkScript),
  model: (draft) => readModel(draft, [], draft.parse(modelFileSchema)),
  environment: (draft) => readEnvironment(draft, [], draft.parse(environmentFileSchema)),
};

async function readDeployment(
  draft: Draft,
  file: DeploymentFile,
  checkScript: CheckScript | undefined,
): Promise<DeploymentDocument> {
  const { model, environment, code_configuration, ...others } = file;
  return {
    ...others,
    ...(code_configuration && {
      code_configuration: await readCode(draft, code_configuration, checkScript),
    }),
    ...(model && {
      model:
        model.kind === "reference"
          ? model
          : { kind: "inline", model: await readModel(draft, ["model"], model.model) },
    }),
    ...(environment && {
      environment:
        environment.kind === "reference"
          ? environment
          : {
              kind: "inline",
              environment: await readEnvironment(draft, ["environment"], environment.environment),
            },
    }),
  };
}

type CodeConfiguration = NonNullable<DeploymentFile["code_configuration"]>;

async function readCode(
  draft: Draft,
  configuration: CodeConfiguration,
  checkScript: CheckScript | undefined,
): Promise<CodeConfiguration> {
  const { code, scoring_script } = configuration;
  if (code?.kind !== "folder") return configuration;
  const path = await locateFolder(draft, ["code_configuration", "code"], code.path);
  const script =
    scoring_script === undefined ? undefined : await locateScript(draft, path, scoring_script, checkScript);
  return { ...configuration, code: { kind: "folder", path }, scoring_script: script };
}

/** `above` is where the model stands in the document. */
async function readModel<File extends InlineModelFile>(
  draft: Draft,
  above: YamlPath,
  file: File,
): Promise<Omit<File, "path"> & { readonly path: string }> {
  const path = [...above, "path"];
  if (file.path !== undefined) return { ...file, path: await locate(draft, path, file.path) };
  draft.complain(path, "is missing", "Name the file or folder of the model.");
  return { ...file, path: "" };
}

async function readEnvironment<File extends InlineEnvironmentFile>(
  draft: Draft,
  above: YamlPath,
  file: File,
): Promise<Omit<File, "conda_file"> & { readonly conda?: Readonly<Record<string, unknown>> }> {
  const { conda_file, ...others } = file;
  const build = others.build && (await readBuild(draft, [...above, "build"], others.build));
  const conda =
    typeof conda_file === "string"
      ? await readConda(draft, [...above, "conda_file"], conda_file)
      : conda_file;
  return { ...others, ...(build && { build }), ...(conda && { conda }) };
}

type Build = NonNullable<InlineEnvironmentFile["build"]>;

async function readBuild(draft: Draft, above: YamlPath, build: Build): Promise<Build> {
  const path = await locateFolder(draft, [...above, "path"], build.path);
  const dockerfile = build.dockerfile_path?.replace(/^\/+/, "");
  await checkFile(draft, [...above, "dockerfile_path"], join(path, dockerfile ?? "Dockerfile"));
  return { path, dockerfile_path: dockerfile };
}
