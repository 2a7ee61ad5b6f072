import {
  type EndpointSpec,
  mirrorTrafficSchema,
  type Traffic,
  trafficSchema,
} from "../contracts/control/endpoint.ts";
import type { EndpointName } from "../contracts/control/names.ts";
import { ServingError } from "../contracts/serving-error.ts";
import { unknownDeployment } from "./not-found.ts";

type Shares = Readonly<Record<string, number>>;

export interface TrafficChange {
  readonly traffic: Shares;
  readonly mirror_traffic: Shares;
}

/**
 * Checks shares against the rules and the deployments that there are; shares of nothing are left out.
 *
 * @throws ServingError INVALID_REQUEST, or DEPLOYMENT_NOT_FOUND for a share of an unknown deployment
 */
export function checkTraffic(
  endpoint: EndpointName,
  change: TrafficChange,
  deployments: readonly string[],
): Pick<EndpointSpec, "traffic" | "mirror_traffic"> {
  const traffic = withoutZeros(change.traffic);
  const mirror = withoutZeros(change.mirror_traffic);
  for (const name of [...Object.keys(traffic), ...Object.keys(mirror)]) {
    if (!deployments.includes(name)) throw unknownDeployment(endpoint, name, deployments);
  }
  const both = Object.keys(mirror).find((name) => Object.hasOwn(traffic, name));
  if (both !== undefined) {
    throw ServingError.invalidField(
      "mirror_traffic",
      "a deployment without live traffic",
      `${both}, which has ${String(traffic[both])} percent`,
    );
  }
  return { traffic: sharesOf(traffic), mirror_traffic: mirrorOf(mirror) };
}

/** Shares as the command line writes them: `blue=90 green=10`. */
export function trafficText(traffic: Shares): string {
  const shares = Object.entries(traffic).map(([name, percent]) => `${name}=${String(percent)}`);
  return shares.length === 0 ? "nothing" : shares.join(" ");
}

function sharesOf(shares: Shares): Traffic {
  const parsed = trafficSchema.safeParse(shares);
  if (parsed.success) return parsed.data;
  const expected = "whole percents that add up to 100, or none at all";
  throw ServingError.invalidField("traffic", expected, trafficText(shares));
}

function mirrorOf(shares: Shares): Traffic {
  const parsed = mirrorTrafficSchema.safeParse(shares);
  if (parsed.success) return parsed.data;
  const expected = "one deployment with at most 50 percent";
  throw ServingError.invalidField("mirror_traffic", expected, trafficText(shares));
}

function withoutZeros(shares: Shares): Shares {
  return Object.fromEntries(Object.entries(shares).filter(([, percent]) => percent !== 0));
}
