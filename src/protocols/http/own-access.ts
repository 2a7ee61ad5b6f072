/** For the configuration of a route whose clients have credentials of another kind: it asks for them itself. */
export const ownAccess = { hasOwnAccess: true } as const;

export function hasOwnAccess(config: object | undefined): boolean {
  return config !== undefined && "hasOwnAccess" in config;
}
