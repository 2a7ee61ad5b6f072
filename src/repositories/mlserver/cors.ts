import type { CorsSettings } from "../../contracts/settings.ts";
import type { Json } from "../../contracts/parameters.ts";
import { booleanField, integerField, nullable, textField, textsField } from "./decoders.ts";
import { FieldReader } from "./field-reader.ts";
import type { Environment } from "./environment.ts";

/** Fields of `cors_settings`. */
export const corsFields = [
  "allow_origins",
  "allow_origin_regex",
  "allow_credentials",
  "allow_methods",
  "allow_headers",
  "expose_headers",
  "max_age",
] as const;

/**
 * MLServer's CORS settings. A field that is left out is filled from `MLSERVER_` + its name, as pydantic does, but only
 * where there is an object at all: the variables alone do not switch CORS on.
 */
export function readCors(
  object: Readonly<Record<string, Json>>,
  environment: Environment,
  whereValue: (key: string) => string,
): CorsSettings {
  const reader = new FieldReader({
    object,
    prefix: "cors_settings.",
    whereValue,
    variable: (key) => environment.mlserver(`MLSERVER_${key.toUpperCase()}`),
  });
  const texts = (key: string, otherwise: readonly string[]): readonly string[] =>
    reader.read(key, nullable(textsField), otherwise) ?? [];
  return {
    allowOrigins: texts("allow_origins", []),
    allowOriginRegex: reader.read("allow_origin_regex", nullable(textField), null),
    allowCredentials: reader.read("allow_credentials", nullable(booleanField), false) ?? false,
    allowMethods: texts("allow_methods", ["GET"]),
    allowHeaders: texts("allow_headers", []),
    exposeHeaders: texts("expose_headers", []),
    maxAgeS: reader.read("max_age", nullable(integerField), 600) ?? 600,
  };
}
