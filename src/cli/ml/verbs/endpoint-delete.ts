import type { Session } from "../session.ts";
import { isConfirmed } from "./confirm.ts";
import { refuseLocalWithoutWait } from "./refusals.ts";
import { waitUntilEndpointGone } from "./wait.ts";

interface DeleteValues {
  readonly name: string;
  readonly yes: boolean;
  readonly noWait: boolean;
  readonly local: boolean;
}

export async function deleteEndpoint(values: DeleteValues, session: Session): Promise<void> {
  refuseLocalWithoutWait(values);
  if (!(await isConfirmed(values.yes))) return;
  await session.client.deleteEndpoint(values.name);
  if (!values.noWait) await waitUntilEndpointGone(values.name, session);
}
