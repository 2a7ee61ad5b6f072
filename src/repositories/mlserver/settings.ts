import { availableParallelism } from "node:os";
import type { Json } from "../../contracts/parameters.ts";
import {
  type ServerSettings,
  type SettingName,
  serverSettingsSchema,
} from "../../contracts/settings.ts";
import { settingsSources } from "../../contracts/settings-sources.ts";
import { Complaint } from "../shared/complaint.ts";
import { booleanField } from "./decoders.ts";
import type { Environment } from "./environment.ts";
import { readSettingsFile, type SettingsFile } from "./settings-file.ts";
