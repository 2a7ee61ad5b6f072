/**
 * The type under which one container's answer goes to the next. UTF-8 is what text is in anyway, and containers that
 * compare whole types refuse `text/csv; charset=utf-8`: that parameter goes, all others stay.
 */
export function handedOn(contentType: string): string {
  const [essence = "", ...parameters] = contentType.split(";").map((part) => part.trim());
  const kept = parameters.filter(
    (parameter) => !/^charset\s*=\s*"?utf-?8"?$/i.test(parameter) && parameter !== "",
  );
  return [essence, ...kept].join("; ");
}

const passedOn = /^(?:content-type|accept|x-amzn-.*|user-agent)$/;

/** What SageMaker lets through to a container of a request's headers; names in lower case, each once. */
export function passedHeaders(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toLowerCase() ?? "";
    if (passedOn.test(name)) headers.set(name, raw[index + 1] ?? "");
  }
  return headers;
}
