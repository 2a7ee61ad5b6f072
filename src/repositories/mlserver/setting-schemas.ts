import { type SettingName, serverSettingsSchema } from "../../contracts/settings.ts";

/** The schema of each setting. */
export const settingSchemas = serverSettingsSchema.unwrap().shape;

/** Whether a setting can be "none". */
export function takesNull(name: SettingName): boolean {
  return settingSchemas[name].safeParse(null).success;
}
