import { workspace } from "../../contracts/control/workspace.ts";
import { defineVerb, type Noun } from "../ml/grammar/verb.ts";

/** Nobody signs in here: there is one subscription, and it is this machine. */

const account = {
  environmentName: "AzureCloud",
  homeTenantId: workspace.subscription,
  id: workspace.subscription,
  isDefault: true,
  managedByTenants: [],
  name: workspace.name,
  state: "Enabled",
  tenantId: workspace.subscription,
  user: { name: workspace.name, type: "user" },
};

const secondsOfToken = 3600;

function accessToken(): Readonly<Record<string, string | number>> {
  const expires = Math.floor(Date.now() / 1000) + secondsOfToken;
  return {
    accessToken: workspace.name,
    expiresOn: new Date(expires * 1000).toISOString().replace("T", " ").replace("Z", ""),
    expires_on: expires,
    subscription: workspace.subscription,
    tenant: workspace.subscription,
    tokenType: "Bearer",
  };
}

const accountNoun: Noun = {
  name: "account",
  summary: "The one subscription that there is",
  verbs: [
    defineVerb({
      path: "account show",
      summary: "Show the subscription",
      examples: [{ line: "az account show --query id -o tsv", note: "as scripts ask for it" }],
      flags: {},
      ignoresUnknown: true,
      run: () => Promise.resolve(account),
    }),
    defineVerb({
      path: "account list",
      summary: "List the subscriptions: there is one",
      examples: [{ line: "az account list -o table", note: "its name and id" }],
      flags: {},
      ignoresUnknown: true,
      run: () => Promise.resolve([account]),
    }),
    defineVerb({
      path: "account set",
      summary: "Do nothing: there is one subscription",
      examples: [{ line: "az account set -s my-subscription", note: "taken and ignored" }],
      flags: {},
      ignoresUnknown: true,
      run: () => Promise.resolve(null),
    }),
    defineVerb({
      path: "account get-access-token",
      summary: "Show a token that the control plane's Azure face takes: it takes any",
      examples: [{ line: "az account get-access-token --query accessToken -o tsv", note: "for curl" }],
      flags: {},
      ignoresUnknown: true,
      run: () => Promise.resolve(accessToken()),
    }),
  ],
};

const loginNoun: Noun = {
  name: "login",
  summary: "Do nothing: nobody signs in here",
  verbs: [
    defineVerb({
      path: "login",
      summary: "Do nothing: nobody signs in here",
      examples: [{ line: "az login", note: "prints the one subscription" }],
      flags: {},
      ignoresUnknown: true,
      run: () => Promise.resolve([account]),
    }),
  ],
};

const logoutNoun: Noun = {
  name: "logout",
  summary: "Do nothing: nobody signs in here",
  verbs: [
    defineVerb({
      path: "logout",
      summary: "Do nothing: nobody signs in here",
      examples: [{ line: "az logout", note: "prints nothing" }],
      flags: {},
      ignoresUnknown: true,
      run: () => Promise.resolve(null),
    }),
  ],
};

export const signInNouns: readonly Noun[] = [accountNoun, loginNoun, logoutNoun];
