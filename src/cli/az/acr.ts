import { operand, requiredText, text, texts } from "../ml/grammar/flag.ts";
import { defineVerb, type Noun } from "../ml/grammar/verb.ts";

const build = defineVerb({
  path: "acr build",
  summary: "Build an image with the container engine of this machine",
  description:
    "The image is named as it would be in the registry, so that deployments find it. Nothing is pulled. Where there is " +
    "no engine, or no base image, nothing is built and a warning says so: a deployment with a scoring script runs that as " +
    "a process then. With HOSTLER_ENGINE=container it is an error.",
  examples: [
    {
      line: "az acr build -t my-image:1 -r my-registry -f Dockerfile .",
      note: "my-registry.azurecr.io/my-image:1",
    },
  ],
  flags: {
    images: texts({ names: ["--image", "-t"], help: "Name and tag of the image" }),
    registry: requiredText({ names: ["--registry", "-r"], help: "Name of the registry" }),
    file: text({
      names: ["--file", "-f"],
      help: "Dockerfile, below the folder or as a path to it",
      completes: "file",
    }),
    buildArguments: texts({ names: ["--build-arg"], help: "Build arguments, as NAME=VALUE" }),
    context: operand({ help: "Folder to build from" }),
  },
  ignoresUnknown: true,
  run: async (values, session) => {
    await (await import("./acr-build.ts")).buildImages(values, session);
  },
});

export const acrNoun: Noun = { name: "acr", summary: "Images", verbs: [build] };
