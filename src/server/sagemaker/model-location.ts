import { fileURLToPath } from "node:url";
import { resolve } from "node:path";
import type { ContainerDefinition } from "../../contracts/sagemaker/model.ts";
import { ServingError } from "../../contracts/serving-error.ts";
import type { S3Address } from "../../repositories/s3/index.ts";

/** Where files lie: on this machine, or in S3. */
export type Location =
  | { readonly kind: "local"; readonly path: string }
  | { readonly kind: "s3"; readonly address: S3Address };

/** A container's models. */
export interface ModelLocation {
  readonly location: Location;
  /** The objects below it are the model's files themselves, and no archive. */
  readonly isUnpacked: boolean;
}

/** Null for a container that has its model in its image. @throws ServingError INVALID_REQUEST */
export function modelLocationOf({
  ModelDataUrl,
  ModelDataSource,
}: ContainerDefinition): ModelLocation | null {
  const source = ModelDataSource?.S3DataSource;
  if (source !== undefined) {
    const isUnpacked = source.CompressionType === "None" && source.S3DataType !== "S3Object";
    return { location: locationOf(source.S3Uri, "ModelDataSource.S3DataSource.S3Uri"), isUnpacked };
  }
  if (ModelDataUrl === undefined || ModelDataUrl === "") return null;
  return { location: locationOf(ModelDataUrl, "ModelDataUrl"), isUnpacked: false };
}

/** @throws ServingError INVALID_REQUEST */
export function locationOf(url: string, field: string): Location {
  const [, bucket, key = ""] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(url) ?? [];
  if (bucket !== undefined) return { kind: "s3", address: { bucket, key } };
  if (url.startsWith("file:///")) return { kind: "local", path: resolve(fileURLToPath(url)) };
  if (url.startsWith("/")) return { kind: "local", path: resolve(url) };
  throw ServingError.invalidField(
    field,
    "s3://bucket/key, file:///path, or an absolute path",
    url.slice(0, 200),
  );
}

/**
 * A target as the path below its prefix that it is.
 *
 * @throws ServingError INVALID_REQUEST for one that leads out of the prefix
 */
export function targetPath(target: string): string {
  const path = target.replace(/^\/+/, "");
  const isInside =
    path !== "" &&
    !path.includes("\0") &&
    !path.split("/").some((part) => part === ".." || part === "." || part === "");
  if (isInside) return path;
  throw ServingError.invalidField("TargetModel", "a path below ModelDataUrl", target.slice(0, 200));
}

export function s3Url({ bucket, key }: S3Address): string {
  return `s3://${bucket}/${key}`;
}
