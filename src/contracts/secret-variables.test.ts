import { expect, test } from "vitest";
import { withoutOwnSecrets } from "./secret-variables.ts";

test("programs see everything but the server's own keys", () => {
  const seen = { PATH: "/bin", HOSTLER_PYTHON: "python3", AWS_ACCESS_KEY_ID: "theirs", MY_API_KEY: "theirs" };
  const own = {
    HOSTLER_API_KEY: "a",
    HOSTLER_ADMIN_KEY: "b",
    HOSTLER_AWS_ACCESS_KEY_ID: "c",
    HOSTLER_AWS_SECRET_ACCESS_KEY: "d",
    MMS_KEYSTORE_PASS: "e",
  };
  expect(withoutOwnSecrets({ ...seen, ...own })).toEqual(seen);
});
