import { type Endpoint, type EndpointSpec, endpointSpecSchema } from "../../../contracts/control/endpoint.ts";
import { endpointSpec } from "../../../repositories/azureml/index.ts";
import { checked } from "../documents/checked.ts";
import { override, readChanged, readSpecification } from "../documents/read.ts";
import { applyEdits, type Edits, hasEdits } from "../edits/generic-update.ts";
import { parseTraffic } from "../edits/traffic.ts";
import { MlError } from "../ml-error.ts";
import type { JsonValue } from "../output/json-value.ts";
import type { Session } from "../session.ts";
import { endpointView, withoutMadeProperties } from "../views/endpoint-view.ts";
import { refuseLocalWithoutWait } from "./refusals.ts";
import { waitForEndpoint } from "./wait.ts";

interface UpdateValues extends Edits {
  readonly name: string | undefined;
  readonly file: string | undefined;
  readonly traffic: readonly string[];
  readonly mirrorTraffic: readonly string[];
  readonly variables: readonly string[];
  readonly local: boolean;
  readonly noWait: boolean;
}

interface Shares {
  readonly traffic?: Readonly<Record<string, number>>;
  readonly mirror_traffic?: Readonly<Record<string, number>>;
}

export async function updateEndpoint(values: UpdateValues, session: Session): Promise<JsonValue> {
  refuseLocalWithoutWait(values);
  const shares = {
    ...(values.traffic.length === 0 ? {} : { traffic: parseTraffic("--traffic", values.traffic) }),
    ...(values.mirrorTraffic.length === 0
      ? {}
      : { mirror_traffic: parseTraffic("--mirror-traffic", values.mirrorTraffic) }),
  };
  const endpoint = await put(values, shares, session);
  if (!values.noWait) return endpointView(await waitForEndpoint(endpoint, session));
  session.warn(`Being updated. See how far it is with hostler ml online-endpoint show -n ${endpoint.name}.`);
  return null;
}

/** Shares alone are put alone, so that two people who change different things do not undo each other. */
async function put(values: UpdateValues, shares: Shares, session: Session): Promise<Endpoint> {
  const { client } = session;
  if (values.file !== undefined) return await client.putEndpoint(await fromFile(values, shares, session));
  const { name } = values;
  if (name === undefined) throw MlError.usage("the following arguments are required: --name/-n or --file/-f");
  if (!hasEdits(values) && Object.keys(shares).length > 0) return await client.putTraffic(name, shares);
  return await client.putEndpoint(await edited(await client.getEndpoint(name), values, shares, session));
}

/** Traffic that the file does not speak of stays: taking it away would stop an endpoint that serves. */
async function fromFile(values: UpdateValues, shares: Shares, session: Session): Promise<EndpointSpec> {
  const fromFlags = override("--name", "name", values.name);
  const { document } = await readSpecification(
    "online-endpoint",
    { file: values.file, variables: values.variables },
    fromFlags,
    session,
  );
  const { traffic, mirror_traffic } = await session.client.getEndpoint(document.name);
  const spec = endpointSpec(document);
  const input = {
    ...spec,
    traffic: spec.traffic ?? traffic,
    mirror_traffic: spec.mirror_traffic ?? mirror_traffic,
  };
  return checked(endpointSpecSchema, { ...input, ...shares }, "endpoint");
}

async function edited(
  endpoint: Endpoint,
  edits: Edits,
  shares: Shares,
  session: Session,
): Promise<EndpointSpec> {
  const { document } = await readChanged(
    "online-endpoint",
    applyEdits(endpointView(endpoint), edits),
    session,
  );
  const spec = endpointSpec(document);
  const input = { ...spec, properties: withoutMadeProperties(spec.properties ?? {}), ...shares };
  return checked(endpointSpecSchema, input, "endpoint");
}
