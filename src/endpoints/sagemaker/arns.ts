/** The one account and region that there is here. */
const account = "000000000000";
const region = "us-east-1";

export type ArnKind = "model" | "endpoint-config" | "endpoint";

export function arnOf(kind: ArnKind, name: string): string {
  return `arn:aws:sagemaker:${region}:${account}:${kind}/${name.toLowerCase()}`;
}

/** What an ARN names, whatever its region and account; null for one of something else. */
export function resourceOf(arn: string): { readonly kind: ArnKind; readonly name: string } | null {
  const found = /^arn:[^:]*:sagemaker:[^:]*:[^:]*:(model|endpoint-config|endpoint)\/(.+)$/.exec(arn);
  const [, kind, name] = found ?? [];
  if (name === undefined) return null;
  if (kind === "model" || kind === "endpoint-config" || kind === "endpoint") return { kind, name };
  return null;
}
