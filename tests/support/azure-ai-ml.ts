import { cachedInterpreter } from "./cached-python.ts";

/** The client that the façade is tried with; another one may ask for other things. */
const azureClient = "azure-ai-ml==1.35.2";

export function azureInterpreter(): Promise<string> {
  return cachedInterpreter([azureClient]);
}
