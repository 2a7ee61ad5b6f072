import { z } from "zod";
import { inAzuresWords } from "./resource.ts";

/** The data collector is kept as the deployment's YAML has it; ARM spells it differently. */

const collectionSchema = z
  .object({
    dataCollectionMode: z.string().nullish(),
    dataId: z.string().nullish(),
    clientId: z.string().nullish(),
    samplingRate: z.number().nullish(),
  })
  .transform(({ dataCollectionMode, dataId, clientId, samplingRate }) => ({
    rate: samplingRate ?? null,
    collection: {
      enabled: String(dataCollectionMode?.toLowerCase() === "enabled"),
      ...(dataId === null || dataId === undefined ? {} : { data: dataId }),
      ...(clientId === null || clientId === undefined ? {} : { client_id: clientId }),
    },
  }));

export const collectorSchema = z
  .object({
    collections: z.record(z.string(), collectionSchema).nullish(),
    rollingRate: z.string().nullish(),
    requestLogging: z.object({ captureHeaders: z.array(z.string()).nullish() }).nullish(),
  })
  .nullish()
  .transform((collector) => {
    if (collector === null || collector === undefined) return null;
    const collections = Object.entries(collector.collections ?? {});
    const rate = collections.find(([, { rate: one }]) => one !== null)?.[1].rate ?? null;
    const headers = collector.requestLogging?.captureHeaders;
    return {
      collections: Object.fromEntries(collections.map(([name, { collection }]) => [name, collection])),
      ...(collector.rollingRate === null || collector.rollingRate === undefined
        ? {}
        : { rolling_rate: collector.rollingRate.toLowerCase() }),
      ...(rate === null ? {} : { sampling_rate: rate }),
      ...(headers === null || headers === undefined ? {} : { request_logging: { capture_headers: headers } }),
    };
  });

const keptSchema = z.object({
  collections: z
    .record(
      z.string(),
      z.looseObject({
        enabled: z.union([z.string(), z.boolean()]).optional(),
        data: z.unknown().optional(),
        client_id: z.string().optional(),
      }),
    )
    .default({}),
  rolling_rate: z.string().optional(),
  sampling_rate: z.number().optional(),
  request_logging: z.object({ capture_headers: z.array(z.string()).optional() }).optional(),
});

export function encodeCollector(kept: Readonly<Record<string, unknown>>): object {
  const parsed = keptSchema.safeParse(kept);
  if (!parsed.success) return { collections: {} };
  const { collections, rolling_rate: rolling, sampling_rate: rate, request_logging: logging } = parsed.data;
  const encoded = Object.entries(collections).map(
    ([name, { enabled, data, client_id: client }]): [string, object] => [
      name,
      {
        dataCollectionMode: String(enabled).toLowerCase() === "true" ? "Enabled" : "Disabled",
        ...(typeof data === "string" ? { dataId: data } : {}),
        ...(client === undefined ? {} : { clientId: client }),
        ...(rate === undefined ? {} : { samplingRate: rate }),
      },
    ],
  );
  return {
    collections: Object.fromEntries(encoded),
    ...(rolling === undefined ? {} : { rollingRate: inAzuresWords(rolling) }),
    ...(logging?.capture_headers === undefined
      ? {}
      : { requestLogging: { captureHeaders: logging.capture_headers } }),
  };
}
