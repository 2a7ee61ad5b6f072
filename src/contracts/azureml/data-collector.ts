import { z } from "zod";
import { fraction, mapping, text, word } from "./values.ts";

const asset = mapping({
  name: text.optional(),
  path: text.optional(),
  version: text.optional(),
  data_id: text.optional(),
});

const collection = mapping({
  // Azure takes the words and refuses the boolean that YAML makes of them without quotes.
  enabled: z
    .string({ error: '"True" or "False", in quotes' })
    .pipe(word(["true", "false"]))
    .meta({ description: '"True" or "False", in quotes.' }),
  data: z.union([asset, z.string()], { error: "a data asset, or azureml:NAME:VERSION" }).optional(),
  client_id: text.optional(),
});

/** What of the calls and answers is kept. */
export const collectorFields = {
  collections: z.record(z.string(), collection, { error: "a mapping of collections" }).optional(),
  rolling_rate: word(["minute", "hour", "day"]).optional(),
  sampling_rate: fraction.optional(),
  request_logging: mapping({
    capture_headers: z.array(text, { error: "a list of headers" }).optional(),
  }).optional(),
};
