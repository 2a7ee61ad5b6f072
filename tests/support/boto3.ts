import { cachedInterpreter } from "./cached-python.ts";

/** The client that the façade is tried with, and a stand-in for S3. */
const packages = ["boto3==1.44.5", "moto[server]==5.2.5"];

export function botoInterpreter(): Promise<string> {
  return cachedInterpreter(packages);
}
