/** What azureml-inference-server-http says, word for word. Measured: conformance/azmlinfsrv. */

/** The server whose behaviour is reproduced; its version goes out in `x-ms-server-version`. */
export const serverVersion = "azmlinfsrv/1.5.1";

export const healthy = "Healthy";
export const htmlType = "text/html; charset=utf-8";
export const jsonType = "application/json";

export const notFound =
  "The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.";
export const methodNotAllowed = "The method is not allowed for the requested URL.";
/** For HEAD on `/score`, which has the method by its GET. */
export const scoreMethodNotAllowed = "Method not allowed";
export const processEnded =
  "The process that ran the scoring script ended during the call. Check the logs for more info.";
export const unsendable = "The scoring script answered with a status or a header that HTTP cannot carry.";
export const notReady = "No process is ready to run the scoring script. Check the logs for more info.";
export const tooLarge = "The request's body is larger than the server takes.";

/** Versions and aliases that `/swagger.json` knows, whether or not a script can be told in them. */
export const swaggerVersions: ReadonlySet<string> = new Set(["2", "2.0", "3", "3.0", "3.1"]);

export const idLimit = 100;
export const requestIdTooLong = `x-request-id must not exceed ${String(idLimit)} characters`;
export const clientIdTooLong = `x-ms-request-id and x-ms-client-request-id must not exceed ${String(idLimit)} characters`;
export const legacyIdWarning =
  "x-ms-request-id header has been deprecated and will be removed from future versions of the server. " +
  "Please use x-ms-client-request-id.";

/** `{"message": ...}` as Python writes it. */
export function messageBody(message: string): string {
  return `{"message": ${asciiJson(message)}}`;
}

/** A JSON string with nothing but ASCII in it. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
