import { ServingError } from "../contracts/serving-error.ts";

/** Takes `localhost:8080` for what it means, and gives the address without a slash at its end. */
export function serverUrl(typed: string, hint: string): string {
  const url = URL.parse(typed.includes("://") ? typed : `http://${typed}`);
  if (url !== null && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, "");
  throw new ServingError("INVALID_SETTINGS", `${JSON.stringify(typed)} is not the address of a server.`, {
    hint,
  });
}
