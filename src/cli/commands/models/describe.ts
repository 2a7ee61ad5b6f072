import type { ModelSnapshot } from "../../../contracts/snapshot.ts";
import { clientOptions, clientOptionsOf } from "../../client-options.ts";
import { exitCodes } from "../../exit-codes.ts";
import { defineCommand } from "../../framework/command.ts";
import { formatTensor, labelOf } from "../../model-table.ts";
import { findModel, modelArgument, parseTarget } from "../../model-target.ts";
import { outputOption, serialize } from "../../output.ts";
import { formatFields } from "../../table.ts";
import { formatBytes, formatDuration } from "../../../contracts/units.ts";

export const describe = defineCommand({
  examples: [
    { line: "models describe mnist-svm", note: "the version that answers when none is named" },
    { line: "models describe mnist-svm@v0.1.0 -o yaml", note: "one version, for a program or a file" },
  ],
  arguments: { model: modelArgument },
  options: { output: outputOption, ...clientOptions },
  run: async ({ model, ...options }, context) => {
    const { createClient } = await import("../../client.ts");
    const { modelFromWire, modelToWire } = await import("../../../contracts/snapshot.ts");
    const client = createClient(clientOptionsOf(options, context));
    const { models } = await client.overview();
    const snapshots = models.map(modelFromWire);
    const found = findModel(snapshots, parseTarget(model), client.url);
    const versions = snapshots.filter(({ name }) => name === found.name).map(({ version }) => version);
    context.terminal.out.write(
      options.output === "table"
        ? formatFields(fieldsOf(found, versions, client.url))
        : await serialize({ ...modelToWire(found), versions }, options.output),
    );
    return exitCodes.ok;
  },
});

function fieldsOf(
  model: ModelSnapshot,
  versions: readonly (string | null)[],
  url: string,
): readonly (readonly [string, string])[] {
  const { inputs, outputs, memoryBytes, loadMs, reason, hint } = model;
  const unknown = loadMs === null ? "not known before it is loaded" : "not told by the model";
  const answers = model.isDefault ? " (answers when no version is named)" : "";
  return [
    ["Name", model.name],
    ["Version", `${model.version ?? "none"}${answers}`],
    ["Versions", versions.map((version) => version ?? "none").join(", ")],
    ["State", model.pinned ? `${model.state} (pinned: never evicted)` : model.state],
    ...(reason === null ? [] : [["Reason", reason] as const]),
    ...(hint === null ? [] : [["What to do", hint] as const]),
    ["Runtime", model.framework === null ? model.runtime : `${model.runtime} (${model.framework})`],
    ["Memory", memoryBytes === null ? "not measured yet" : formatBytes(memoryBytes)],
    ["Load time", loadMs === null ? "not loaded yet" : formatDuration(loadMs)],
    ...(inputs ?? []).map((input) => ["Input", `${input.name}: ${formatTensor(input)}`] as const),
    ...(inputs === null ? [["Input", unknown] as const] : []),
    ["Outputs", outputs.length === 0 ? unknown : outputs.join(", ")],
    ["Predict", `hostler predict ${labelOf(model)} --sample --url ${url}`],
  ];
}
