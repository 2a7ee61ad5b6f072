/** Which version of an asset is meant. */
export type VersionChoice =
  | { readonly kind: "version"; readonly version: string }
  /** In practice always `latest`. */
  | { readonly kind: "label"; readonly label: string }
  /** None is named: the newest one. */
  | { readonly kind: "default" };

/** A model, an environment or code that has been registered somewhere. */
export type AzureReference =
  /** `azureml:NAME:VERSION`, `azureml:NAME@LABEL`, `azureml:NAME`: in the workspace at hand. */
  | { readonly scope: "workspace"; readonly name: string; readonly at: VersionChoice }
  /** `azureml:/subscriptions/…`: in a workspace that is named. */
  | {
      readonly scope: "resource";
      readonly subscription: string;
      readonly resourceGroup: string;
      readonly workspace: string;
      /** As `models`, `environments` or `codes`. */
      readonly type: string;
      readonly name: string;
      readonly at: VersionChoice;
    }
  /** `azureml://registries/…`: in a registry that workspaces share. */
  | {
      readonly scope: "registry";
      readonly registry: string;
      readonly type: string;
      readonly name: string;
      readonly at: VersionChoice;
    };

/** A reference, or why a text is none. */
export type ParsedReference =
  | { readonly kind: "reference"; readonly reference: AzureReference }
  | { readonly kind: "mistake"; readonly reason: string; readonly hint: string };

const prefix = "azureml:";

/** Whether a text is meant as a reference, well formed or not. */
export function looksLikeReference(text: string): boolean {
  return text.startsWith(prefix);
}

export function parseReference(text: string): ParsedReference {
  if (!looksLikeReference(text)) {
    const hint = `Write ${prefix}NAME:VERSION for something registered, or a mapping to define it here.`;
    return { kind: "mistake", reason: `${quoted(text)} does not start with "${prefix}"`, hint };
  }
  const rest = text.slice(prefix.length);
  const reference = rest.startsWith("//")
    ? parseRegistry(rest)
    : /^\/?subscriptions\//.test(rest)
      ? parseResource(rest)
      : parseWorkspace(rest);
  if (reference !== undefined) return { kind: "reference", reference };
  return {
    kind: "mistake",
    reason: `${quoted(text)} is no reference to a registered asset`,
    hint: "Write azureml:NAME:VERSION, azureml:NAME@latest or azureml://registries/REGISTRY/TYPE/NAME/versions/VERSION.",
  };
}

const registryPattern = /^\/\/registries\/([^/]+)\/([^/]+)\/([^/]+?)(?:\/(versions|labels)\/([^/]+))?$/;

function parseRegistry(text: string): AzureReference | undefined {
  const found = registryPattern.exec(text);
  if (found === null) return undefined;
  const [, registry = "", type = "", name = "", word, value = ""] = found;
  return { scope: "registry", registry, type, name, at: choice(word, value) };
}

const resourcePattern = new RegExp(
  "^/?subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\\.MachineLearningServices" +
    "/workspaces/([^/]+)/([^/]+)/([^/]+)/(versions|labels)/([^/]+)$",
  "i",
);

function parseResource(text: string): AzureReference | undefined {
  const found = resourcePattern.exec(text);
  if (found === null) return undefined;
  const [, subscription = "", resourceGroup = "", workspace = "", type = "", name = "", word, value = ""] =
    found;
  return { scope: "resource", subscription, resourceGroup, workspace, type, name, at: choice(word, value) };
}

/** Only the first colon separates: a version may have more of them. */
function parseWorkspace(text: string): AzureReference | undefined {
  const found = /^([^/:@]+)(?::([^/]+)|@([^/@]+))?$/.exec(text);
  if (found === null) return undefined;
  const [, name = "", version, label] = found;
  if (version !== undefined) return { scope: "workspace", name, at: { kind: "version", version } };
  if (label !== undefined) return { scope: "workspace", name, at: { kind: "label", label } };
  return { scope: "workspace", name, at: { kind: "default" } };
}

function choice(word: string | undefined, value: string): VersionChoice {
  if (word === undefined) return { kind: "default" };
  return word.toLowerCase() === "versions"
    ? { kind: "version", version: value }
    : { kind: "label", label: value };
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
