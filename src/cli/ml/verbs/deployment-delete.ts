import type { Session } from "../session.ts";
import { isConfirmed } from "./confirm.ts";
import { refuseLocalWithoutWait } from "./refusals.ts";
import { waitUntilGone } from "./wait.ts";

interface DeleteValues {
  readonly name: string;
  readonly endpointName: string;
  readonly yes: boolean;
  readonly noWait: boolean;
  readonly local: boolean;
}

export async function deleteDeployment(values: DeleteValues, session: Session): Promise<void> {
  refuseLocalWithoutWait(values);
  if (!(await isConfirmed(values.yes))) return;
  const { name, endpointName } = values;
  await session.client.deleteDeployment(endpointName, name);
  if (!values.noWait) await waitUntilGone(endpointName, name, session);
}
