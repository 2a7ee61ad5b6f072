import type { Endpoint } from "../../contracts/control/endpoint.ts";
import type { RunningUp } from "../../server/up/index.ts";
import { notice } from "../banner.ts";
import type { Context } from "../framework/command.ts";
import { formatFields, formatTable } from "../table.ts";
import { trafficText } from "../traffic-text.ts";

/** Where the planes are, to people on standard error, and in the log where that goes elsewhere. */
export function tellOfUp(server: RunningUp, { terminal: { out, err } }: Context): void {
  const { url, controlUrl, tlsUrl, stateFolder, notices, logger } = server;
  const fields = [
    ["  Data", url],
    ["  Control", controlUrl],
    ["  TLS", tlsUrl],
    ["  State", stateFolder],
  ] as const;
  err.write(`\n${formatFields(fields, err.colors.cyan)}\n`);
  for (const text of notices) err.write(notice(text, err.colors));
  if (out.isTty && err.isTty) return;
  const metricsUrl = `${controlUrl}/metrics`;
  const addresses = { url, control_url: controlUrl, tls_url: tlsUrl, metrics_url: metricsUrl };
  logger.info("listening", { ...addresses, state: stateFolder });
  for (const text of notices) logger.warn("notice", { notice: text });
}

/** What was restored, and what to type next. */
export function tellOfEndpoints(endpoints: readonly Endpoint[], { terminal: { err } }: Context): void {
  if (endpoints.length === 0) {
    err.write("No endpoints yet. Make one:\n\n  hostler ml online-endpoint create --name my-endpoint\n\n");
    return;
  }
  const columns = [
    { title: "ENDPOINT", cell: ({ name }: Endpoint) => name },
    { title: "STATE", cell: ({ provisioning_state: state }: Endpoint) => state },
    { title: "TRAFFIC", cell: ({ traffic }: Endpoint) => trafficText(traffic) },
    { title: "SCORING URI", cell: ({ scoring_uri: uri }: Endpoint) => uri },
  ];
  err.write(`${formatTable(columns, endpoints)}\n`);
}
