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

/** The variables that point boto3, and whatever else is made of botocore, at this machine: both of SageMaker's planes. */
export function awsVariablesOf({
  host,
  port,
}: {
  readonly host: string;
  readonly port: number;
}): Readonly<Record<string, string>> {
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${String(port)}`;
  return { AWS_ENDPOINT_URL_SAGEMAKER: url, AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: url };
}
