import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { z } from "zod";
import { decodeText } from "../../../repositories/shared/decode-text.ts";
import { MlError } from "../ml-error.ts";
import type { Session } from "../session.ts";

interface InvokeValues {
  readonly name: string;
  readonly requestFile: string | undefined;
  readonly deploymentName: string | undefined;
}

/** Longest that an answer may take: the gateway's own limits are far below. */
const patienceMs = 360_000;

/** Sends the file as it is, so that no number loses a digit, and returns the answer's text. */
export async function invokeEndpoint(values: InvokeValues, session: Session): Promise<string> {
  const body = await readRequest(values.requestFile, session);
  const { client } = session;
  const { scoring_uri: uri, auth_mode: authMode } = await client.getEndpoint(values.name);
  const credential =
    authMode === "key"
      ? (await client.keys(values.name)).primary_key
      : (await client.token(values.name)).access_token;
  const headers = {
    "content-type": "application/json",
    authorization: `Bearer ${credential}`,
    ...(values.deploymentName === undefined ? {} : { "azureml-model-deployment": values.deploymentName }),
  };
  const response = await post(uri, headers, body);
  const answer = await textOf(response, uri);
  if (response.ok) return answer;
  throw new MlError(refusalOf(values.name, response, answer), { hint: hintOf(values, response) });
}

async function readRequest(file: string | undefined, { context }: Session): Promise<string> {
  if (file === undefined) {
    throw new MlError("There is no request to send.", { hint: "Name a JSON file with --request-file." });
  }
  const body = await readText(file === "-" ? file : resolve(context.cwd, file), file);
  try {
    JSON.parse(body);
    return body;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MlError(`${file} is not JSON: ${reason}`, {
      hint: "Send what is not JSON to the scoring URI itself, with curl.",
    });
  }
}

/** Reads to the end, so that a pipe such as /dev/fd/63 is as good as a file. */
async function readText(path: string, file: string): Promise<string> {
  try {
    return decodeText(path === "-" ? await buffer(process.stdin) : await readFile(path));
  } catch (error) {
    const reason =
      error instanceof Error ? ("code" in error ? String(error.code) : error.message) : String(error);
    throw new MlError(`The request file ${file} cannot be read (${reason}).`);
  }
}

async function post(uri: string, headers: Readonly<Record<string, string>>, body: string): Promise<Response> {
  try {
    return await fetch(uri, { method: "POST", headers, body, signal: AbortSignal.timeout(patienceMs) });
  } catch (error) {
    throw new MlError(`No answer from ${uri} (${networkReason(error)}).`, { hint: isItRunning });
  }
}

/** The whole answer; a server that ends in the middle of it takes the rest along. */
async function textOf(response: Response, uri: string): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw new MlError(`The answer from ${uri} broke off (${networkReason(error)}).`, { hint: isItRunning });
  }
}

const isItRunning = "See whether hostler up is running.";

function networkReason(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
}

function refusalOf(name: string, { status, headers }: Response, answer: string): string {
  const original = headers.get("ms-azureml-model-error-statuscode");
  const model = original === null ? "" : ` (the model's own status was ${original})`;
  return `Endpoint ${name} answered with status ${String(status)}${model}: ${answer === "" ? "no body" : messageIn(answer)}`;
}

const refusalSchema = z.object({ error: z.object({ message: z.string() }) });

/** What the gateway says in its own errors; what a model says is shown as it is. */
function messageIn(answer: string): string {
  try {
    return refusalSchema.parse(JSON.parse(answer)).error.message;
  } catch {
    return answer;
  }
}

function hintOf({ name, deploymentName }: InvokeValues, { status, headers }: Response): string {
  const served = headers.get("azureml-model-deployment");
  if (served !== null) {
    return `See what it wrote: hostler ml online-deployment get-logs -n ${served} -e ${name}`;
  }
  if (status !== 404) return `See what happened to it: hostler endpoints events ${name}`;
  return deploymentName === undefined
    ? `Give a deployment traffic with hostler ml online-endpoint update -n ${name} --traffic, or name one with --deployment-name.`
    : `See which there are: hostler ml online-deployment list -e ${name}`;
}
