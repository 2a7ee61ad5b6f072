import { join } from "node:path";
import { clientVariables, openCertificates } from "../certificates/index.ts";

const tlsOffset = 2;

export function certificatesFolder(stateFolder: string): string {
  return join(stateFolder, "certificates");
}

export interface ClientVariablesRequest {
  readonly stateFolder: string;
  /** Data port. */
  readonly port: number;
  /** A CA bundle that clients of this machine trust already. */
  readonly knownBundle: string | undefined;
}

/** The variables that point azure-ai-ml at this machine. */
export async function clientVariablesOf(
  request: ClientVariablesRequest,
): Promise<Readonly<Record<string, string>>> {
  const { stateFolder, port, knownBundle } = request;
  const certificates = await openCertificates({ folder: certificatesFolder(stateFolder), knownBundle });
  return clientVariables(certificates, `https://localhost:${String(port + tlsOffset)}`);
}
