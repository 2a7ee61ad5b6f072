import type { Session } from "../session.ts";
import type { NamedKind } from "../views/asset-view.ts";
import { versionOf, type Which } from "./asset-version.ts";
import { isConfirmed } from "./confirm.ts";

export async function deleteAsset(
  kind: NamedKind,
  which: Which & { readonly yes: boolean },
  { client }: Session,
): Promise<void> {
  const named = versionOf(which);
  if (!(await isConfirmed(which.yes))) return;
  const { version } = await client.getAsset(kind, which.name, named);
  await client.deleteAsset(kind, which.name, version);
}
