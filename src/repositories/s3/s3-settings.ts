type Variables = Readonly<Record<string, string | undefined>>;

export interface S3Settings {
  /** As `https://s3.us-east-1.amazonaws.com`; buckets are a part of the path. */
  readonly endpoint: string;
  readonly region: string;
  /** Null: requests are not signed. */
  readonly credentials: S3Credentials | null;
}

interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
}

const defaultRegion = "us-east-1";

/** As AWS's own tools read the environment. */
export function s3SettingsOf(variables: Variables): S3Settings {
  const region = text(variables, "AWS_REGION") ?? text(variables, "AWS_DEFAULT_REGION") ?? defaultRegion;
  const endpoint =
    text(variables, "AWS_ENDPOINT_URL_S3") ??
    text(variables, "AWS_ENDPOINT_URL") ??
    `https://s3.${region}.amazonaws.com`;
  const accessKeyId = text(variables, "AWS_ACCESS_KEY_ID");
  const secretAccessKey = text(variables, "AWS_SECRET_ACCESS_KEY");
  const sessionToken = text(variables, "AWS_SESSION_TOKEN");
  const isComplete = accessKeyId !== null && secretAccessKey !== null;
  return {
    endpoint,
    region,
    credentials: isComplete ? { accessKeyId, secretAccessKey, sessionToken } : null,
  };
}

/** Null for a variable that is missing or empty. */
function text(variables: Variables, name: string): string | null {
  const value = variables[name];
  return value === undefined || value === "" ? null : value;
}
