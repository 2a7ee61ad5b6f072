import type { Readable } from "node:stream";
import { z } from "zod";
import { ServingError } from "../../contracts/serving-error.ts";
import { LineSplitter } from "../shared/line-splitter.ts";
import { readBuildContext } from "./build-context.ts";
import { baseImages } from "./dockerfile.ts";
import type { EngineApi } from "./engine-api.ts";
import { imagePath, splitTag } from "./image-name.ts";

export interface BuildOrder {
  /** Absolute folder. */
  readonly context: string;
  /** As seen from the folder. */
  readonly dockerfile: string;
  /** The image's name. */
  readonly tag: string;
  readonly buildArguments?: Readonly<Record<string, string>>;
  /** Whether images that it starts from may be pulled. */
  readonly pull: boolean;
}

export interface ImageInfo {
  readonly id: string;
  readonly command: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

type OnLine = (text: string) => void;

const imageSchema = z.object({
  Id: z.string(),
  Config: z
    .object({
      Cmd: z.array(z.string()).nullish(),
      Entrypoint: z.array(z.string()).nullish(),
      Env: z.array(z.string()).nullish(),
    })
    .nullish(),
});
/** One object a line of what a build or a pull writes. */
const progressSchema = z.object({
  stream: z.string().optional(),
  status: z.string().optional(),
  error: z.string().optional(),
});

/** An image that the engine has; null for one that it has not. */
export async function findImage(api: EngineApi, name: string): Promise<ImageInfo | null> {
  const reply = await api.json({ method: "GET", path: `/images/${imagePath(name)}/json` }, [404]);
  if (reply === null) return null;
  const { Id, Config } = imageSchema.parse(reply);
  const variables = (Config?.Env ?? []).map((line): [string, string] => {
    const [name_ = "", ...value] = line.split("=");
    return [name_, value.join("=")];
  });
  const command = [...(Config?.Entrypoint ?? []), ...(Config?.Cmd ?? [])];
  return { id: Id, command, variables: Object.fromEntries(variables) };
}

/** The first image that a Dockerfile needs and the engine has not; null where it has all of them. */
export async function missingBase(api: EngineApi, order: BuildOrder): Promise<string | null> {
  const { dockerfileText } = await readBuildContext(order.context, order.dockerfile);
  for (const { name } of baseImages(dockerfileText, order.buildArguments)) {
    if ((await findImage(api, name)) === null) return name;
  }
  return null;
}

/** Builds an image; IMAGE_UNAVAILABLE with the builder's last words when that fails. */
export async function buildImage(api: EngineApi, order: BuildOrder, onLine: OnLine): Promise<void> {
  const { context, tag, buildArguments = {}, pull } = order;
  if (!pull) {
    const missing = await missingBase(api, order);
    if (missing !== null) {
      throw new ServingError(
        "IMAGE_UNAVAILABLE",
        `${tag} cannot be built: its base image ${missing} is not on this machine.`,
        { hint: `Get it with \`docker pull ${missing}\`, or allow pulling with --pull.` },
      );
    }
  }
  const { dockerfile, archive } = await readBuildContext(context, order.dockerfile);
  const stream = await api.stream({
    method: "POST",
    path: "/build",
    query: {
      t: imagePath(tag),
      dockerfile,
      buildargs: JSON.stringify(buildArguments),
      rm: "1",
      forcerm: "1",
      // What is not there was refused above; podman would still ask a registry for what is.
      ...(pull ? {} : { pullpolicy: "never" }),
    },
    archive: archive(),
  });
  const failure = await followProgress(stream, onLine);
  if (failure !== null) throw new ServingError("IMAGE_UNAVAILABLE", `${tag} cannot be built: ${failure}`);
}

/** Gets an image from its registry; only ever called because somebody asked for it. */
export async function pullImage(api: EngineApi, name: string, onLine: OnLine): Promise<void> {
  const { repository, tag } = splitTag(imagePath(name));
  const stream = await api.stream({
    method: "POST",
    path: "/images/create",
    query: { fromImage: repository, tag },
  });
  const failure = await followProgress(stream, onLine);
  if (failure !== null) throw new ServingError("IMAGE_UNAVAILABLE", `${name} cannot be pulled: ${failure}`);
}

/** Gives the lines out; resolves with what went wrong, or null. */
async function followProgress(stream: Readable, onLine: OnLine): Promise<string | null> {
  let failure: string | null = null;
  const output = new LineSplitter(onLine);
  const messages = new LineSplitter((line) => {
    if (line.trim() === "") return;
    const { stream: text, status, error } = progressSchema.parse(JSON.parse(line));
    if (text !== undefined) output.push(Buffer.from(text));
    else if (status !== undefined) onLine(status);
    if (error !== undefined) failure = error.trim();
  });
  for await (const chunk of stream) if (chunk instanceof Uint8Array) messages.push(chunk);
  messages.end();
  output.end();
  return failure;
}
