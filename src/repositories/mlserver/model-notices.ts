import { defaultVersion, type VersionPolicy } from "../../core/models/version-order.ts";
import type { ModelSpec } from "../../core/models/model-spec.ts";
import { labelOf } from "../../core/models/model-spec.ts";
import { quote } from "../shared/complaint.ts";
import type { ModelRemarks } from "./model-remarks.ts";

/** A model that can be served, and what is to be said of its settings. */
export interface RemarkedModel {
  readonly spec: ModelSpec;
  readonly remarks: ModelRemarks;
}

/** What the operator should know of the models, each sort of it in one line however many models it concerns. */
export function modelNotices(models: readonly RemarkedModel[], policy: VersionPolicy): readonly string[] {
  const unsupported = grouped(models, ({ unsupported: uses }) =>
    uses.map(({ field, value, why }) => `${field} ${quote(value)} (${why})`),
  );
  const filled = grouped(models, (remarks) =>
    remarks.filled.map(({ field, variable }) => `${field} from ${variable.origin}`),
  );
  const unknown = models.flatMap(({ remarks }) => remarks.unknown);
  const others =
    policy === "natural" ? namesThatMlserverAnswersOtherwise(models.map(({ spec }) => spec)) : [];
  return [
    ...line("Not supported in model settings, and so without effect", unsupported),
    ...line("Not known in model settings, and so without effect", shortened(unknown)),
    ...line("Variables fill fields that model settings leave out, as in MLServer", filled),
    ...line(
      "Requests without a version go to the newest in natural order, where MLServer compares text",
      others,
      "--version-policy mlserver answers as MLServer does",
    ),
  ];
}

function line(title: string, items: readonly string[], advice?: string): readonly string[] {
  if (items.length === 0) return [];
  return [`${title}: ${items.join("; ")}.${advice === undefined ? "" : ` ${advice}.`}`];
}

/** Each text that models share, with the models it is said of. */
function grouped(
  models: readonly RemarkedModel[],
  textsOf: (remarks: ModelRemarks) => readonly string[],
): readonly string[] {
  const labels = new Map<string, string[]>();
  for (const { spec, remarks } of models) {
    for (const text of textsOf(remarks)) {
      const named = labels.get(text);
      if (named === undefined) labels.set(text, [labelOf(spec)]);
      else named.push(labelOf(spec));
    }
  }
  return [...labels].map(([text, names]) => `${text} in ${shortened(names).join(", ")}`);
}

const mostNamed = 5;

function shortened(items: readonly string[]): readonly string[] {
  if (items.length <= mostNamed) return items;
  return [...items.slice(0, mostNamed), `${String(items.length - mostNamed)} more`];
}

/** Names whose requests without a version another version would answer in MLServer. */
function namesThatMlserverAnswersOtherwise(specs: readonly ModelSpec[]): readonly string[] {
  const byName = Map.groupBy(specs, ({ name }) => name);
  return [...byName].flatMap(([name, namesakes]) => {
    const versions = namesakes.map(({ version }) => version);
    const [natural, asMlserver] = [defaultVersion(versions, "natural"), defaultVersion(versions, "mlserver")];
    return natural === asMlserver ? [] : [`${name} to ${String(natural)}, not ${String(asMlserver)}`];
  });
}
