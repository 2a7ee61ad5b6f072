import type { RequestListener } from "node:http";
import { text as readText } from "node:stream/consumers";

/** Answers with what it was asked. */
export const echo: RequestListener = (request, response) => {
  readText(request).then(
    (body) => {
      const { method, url, headers } = request;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ method, url, headers, body }));
    },
    () => response.destroy(),
  );
};

/** Answers always the same. */
export function saying(text: string, status = 200): RequestListener {
  return (request, response) => {
    request.resume();
    request.on("end", () => {
      response.writeHead(status);
      response.end(text);
    });
  };
}
