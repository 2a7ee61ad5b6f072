import { z } from "zod";
import { authModes, statusModes } from "../control/endpoint.ts";
import { nameRule } from "../control/names.ts";
import { mapping, readOnly, remark, text, textLike, textMap, wholeNumberFrom, word } from "./values.ts";

/** Endpoints and deployments are named alike. */
export const shortName = textLike(/^(?=.{3,32}$)[a-zA-Z](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/, nameRule);

const mostMirrored = 50;

const traffic = z
  .record(z.string(), wholeNumberFrom(0, 100), { error: "deployments with their shares in percent" })
  .superRefine((shares, context) => {
    const sum = Object.values(shares).reduce((total, share) => total + share, 0);
    if (sum <= 100) return;
    context.addIssue(
      remark({ reason: `the shares add up to ${String(sum)}`, hint: "Let them add up to 100." }, shares),
    );
  });

const mirrorTraffic = z
  .record(z.string(), wholeNumberFrom(0, mostMirrored), { error: "a deployment with its share in percent" })
  .superRefine((shares, context) => {
    if (Object.keys(shares).length <= 1) return;
    context.addIssue(
      remark(
        { reason: "only one deployment can get a copy of the traffic", hint: "Leave the others out." },
        shares,
      ),
    );
  });

const identity = mapping({
  type: word(["system_assigned", "user_assigned", "none"]).optional(),
  principal_id: text.optional(),
  tenant_id: text.optional(),
  user_assigned_identities: z
    .array(z.record(z.string(), text, { error: "a mapping of names to texts" }), { error: "a list" })
    .max(1, { error: "one identity" })
    .optional(),
});

/** `az ml online-endpoint create -f`. */
export const endpointDocumentSchema = mapping({
  $schema: readOnly,
  name: shortName.meta({ description: `${nameRule}.` }),
  description: text.optional(),
  tags: textMap.optional(),
  properties: textMap.optional(),
  auth_mode: word(authModes)
    .optional()
    .meta({ description: "How callers show who they are: key (if left out), aml_token or aad_token." }),
  traffic: traffic.optional().meta({ description: "Percent for each deployment, 100 together." }),
  mirror_traffic: mirrorTraffic
    .optional()
    .meta({ description: "A deployment that gets a copy of some of the traffic, 50 percent at most." }),
  public_network_access: word(["enabled", "disabled"])
    .optional()
    .meta({ description: "Kept, without effect: who can reach the port decides." }),
  identity: identity.optional().meta({ description: "Kept, without effect." }),
  compute: textLike(/^azureml:./, "a compute, as azureml:NAME")
    .transform((given) => given.slice("azureml:".length))
    .optional()
    .meta({ description: "A Kubernetes compute: kept, without effect." }),
  status_mode: word(statusModes).optional().meta({
    description:
      "azure (if left out): a model's status other than 200 is a 424; transparent: it stays what it is. Not in Azure.",
  }),
  location: text.optional().meta({ description: "Has no effect." }),
  id: text.optional().meta({ description: "Has no effect." }),
  scoring_uri: text.optional().meta({ description: "Has no effect." }),
  openapi_uri: text.optional().meta({ description: "Has no effect." }),
  provisioning_state: text.optional().meta({ description: "Has no effect." }),
  kind: readOnly,
}).superRefine((endpoint, context) => {
  if (endpoint.compute === undefined || endpoint.public_network_access === undefined) return;
  const reason = "an endpoint on a Kubernetes compute has no public_network_access";
  const hint = "Remove public_network_access, or compute.";
  context.addIssue(remark({ reason, hint }, endpoint.public_network_access, ["public_network_access"]));
});

export type EndpointDocument = z.output<typeof endpointDocumentSchema>;
