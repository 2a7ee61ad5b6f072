import type { Json } from "../../contracts/parameters.ts";
import type { SettingName } from "../../contracts/settings.ts";
import { settingKinds, type SettingSource, settingsSources } from "../../contracts/settings-sources.ts";
import { Complaint } from "../shared/complaint.ts";
import {
  booleanField,
  bytesField,
  type Decoder,
  durationField,
  integerField,
  textField,
  textsField,
} from "./decoders.ts";
import { rawOf } from "./field-reader.ts";
import type { FoundSetting } from "./setting-layers.ts";
import { settingSchemas, takesNull } from "./setting-schemas.ts";

const decoders = {
  boolean: booleanField,
  port: integerField,
  count: integerField,
  bytes: bytesField,
  duration: durationField,
  text: textField,
  choice: textField,
  list: textsField,
} as const satisfies Record<string, Decoder<unknown>>;

/** Settings whose values are told by their form alone. */
type PlainSettingName = Exclude<SettingName, "cors" | "apiKeySha256" | "trustedFolders">;

/** What was found, as the setting's value; complains where it does not fit. The schema types it in the end. */
export function decodeSetting(name: PlainSettingName, found: FoundSetting): unknown {
  const source = settingsSources[name];
  const isNothing = found.raw === null || found.raw === "";
  if (isNothing && takesNull(name)) return null;
  const value = decoders[source.kind].decode(listFrom(source, found));
  const checked = settingSchemas[name].safeParse(value);
  if (value !== undefined && checked.success) return checked.data;
  throw misfit(source, found);
}

/** A setting that is a list. */
export function decodeTexts(name: "trustedFolders", found: FoundSetting): readonly string[] {
  const source = settingsSources[name];
  const texts = textsField.decode(listFrom(source, found));
  if (texts === undefined) throw misfit(source, found);
  return texts;
}

function misfit(source: SettingSource, { name, where, raw }: FoundSetting): Complaint {
  return Complaint.misfit({ where, field: name, expected: expectation(source), got: raw });
}

/** A list on the command line or in a variable of hostler's may be written with commas; MLServer's are JSON. */
function listFrom({ kind }: SettingSource, { layer, name, raw, where }: FoundSetting): Json {
  if (kind !== "list" || typeof raw !== "string" || layer === "file") return raw;
  if (layer === "mlserver-variable" || raw.startsWith("["))
    return rawOf({ value: raw, origin: where }, textsField, name);
  return raw
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function expectation(source: SettingSource): string {
  if (source.options !== undefined) return source.options.map((option) => `"${option}"`).join(" or ");
  return source.expects ?? settingKinds[source.kind];
}
