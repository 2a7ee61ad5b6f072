import { ServingError } from "../../contracts/serving-error.ts";

/** Repository with optional registry, then tag or digest: nothing that could change the meaning of a URL. */
const pattern = /^[A-Za-z0-9][A-Za-z0-9._/:-]*(?:@sha256:[0-9a-f]{64})?$/;

/** The name as a path's part; IMAGE_UNAVAILABLE for what can be no image's name. */
export function imagePath(name: string): string {
  if (pattern.test(name) && !name.includes("..") && !name.includes("//")) return name;
  throw new ServingError(
    "IMAGE_UNAVAILABLE",
    `${JSON.stringify(name)} is not the name of a container image.`,
    {
      got: name,
      expected: "a name as registry/repository:tag",
    },
  );
}

/** `repository` and `tag`, as the API takes them apart; without a tag it is `latest`. */
export function splitTag(name: string): { readonly repository: string; readonly tag: string } {
  const [, repository = name, tag = "latest"] = /^(.*?)(?::([^/:]+))?$/.exec(name) ?? [];
  return { repository, tag };
}
