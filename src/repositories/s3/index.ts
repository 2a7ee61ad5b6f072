export { type S3Address, S3Client } from "./s3-client.ts";
export { s3SettingsOf } from "./s3-settings.ts";
