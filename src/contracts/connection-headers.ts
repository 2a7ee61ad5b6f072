/** Headers that belong to one connection and not to the message (RFC 9110, 7.6.1), in small letters. */
export const connectionHeaders = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
] as const;
