import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type ContainerEngine, findContainerEngine } from "../../src/engines/container/container-engine.ts";
import { botoInterpreter } from "../support/boto3.ts";
import { Cleanup } from "../support/cleanup.ts";
import { canHaveEngine, startEngine, type TestEngine } from "../support/container-engine.ts";
import { temporaryFolder } from "../support/folders.ts";
import { runOrFail } from "../support/run.ts";
import { startUp, type RunningUp } from "../support/up.ts";

/** Keeps the container contract with a few lines: what a user's own image would have in it. */
const server = `
import http.server, json, os
loaded = {}
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def out(self, status, body=b"{}"):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def factor(self, folder):
        return int(open(os.path.join(folder, "factor.txt")).read())
    def do_GET(self):
        self.out(200)
    def do_DELETE(self):
        self.out(200 if loaded.pop(self.path.split("/")[2], None) is not None else 404)
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/models":
            order = json.loads(body)
            if len(loaded) >= 2:
                return self.out(507)
            loaded[order["model_name"]] = self.factor(order["url"])
            return self.out(200)
        if body in (b"stream", b"break"):
            self.send_response(200)
            self.send_header("content-type", "text/plain")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for word in (b"one ", b"two "):
                self.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(word), word))
                self.wfile.flush()
            if body == b"break":
                self.close_connection = True
                return
            return self.wfile.write(b"0\\r\\n\\r\\n")
        if self.path == "/invocations":
            factor = self.factor("/opt/ml/model")
        else:
            name = self.path.split("/")[2]
            if name not in loaded:
                return self.out(404)
            factor = loaded[name]
        seen = {"factor": factor, "loaded": len(loaded), "target": self.headers.get("X-Amzn-SageMaker-Target-Model"),
                "multi": os.environ.get("SAGEMAKER_MULTI_MODEL"), "own": os.environ.get("OWN"), "body": body.decode()}
        self.out(200, json.dumps(seen).encode())
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
`;

/** SageMaker starts images with this one word. */
const entryPoint = '#!/bin/sh\n[ "$1" = serve ] || exit 64\nexec python3 /server.py\n';

const client = `
import boto3, botocore.exceptions, json, sys
prefix, image = sys.argv[1:3]
sagemaker, runtime = boto3.client("sagemaker"), boto3.client("sagemaker-runtime")
many = {"Image": image, "Mode": "MultiModel", "ModelDataUrl": prefix, "Environment": {"OWN": "variable"}}
sagemaker.create_model(ModelName="many", PrimaryContainer=many)
sagemaker.create_model(ModelName="one", PrimaryContainer={"Image": image, "ModelDataUrl": prefix + "model-2.tar.gz"})
for name in ("many", "one"):
    variant = {"VariantName": "v", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "local"}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
for name in ("many", "one"):
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
def ask(name, **more):
    return json.loads(runtime.invoke_endpoint(EndpointName=name, Body="hello", **more)["Body"].read())
answers = [ask("many", TargetModel=f"model-{number}.tar.gz") for number in (1, 2, 3, 1)]
def stream(body):
    words = []
    try:
        events = runtime.invoke_endpoint_with_response_stream(EndpointName="one", Body=body)["Body"]
        words += [event["PayloadPart"]["Bytes"].decode() for event in events]
    except botocore.exceptions.EventStreamError as error:
        words.append(error.response["Error"]["Code"])
    return "".join(words)
image = sagemaker.describe_endpoint(EndpointName="many")["ProductionVariants"][0]["DeployedImages"][0]["ResolvedImage"]
print(json.dumps({"answers": answers, "one": ask("one"), "image": image,
                  "stream": stream("stream"), "broken": stream("break")}))
`;

const cleanup = new Cleanup();
const image = "localhost/hostler-test-sagemaker:1";
let engine: TestEngine;
let up: RunningUp;
let folder: string;

describe.skipIf(!canHaveEngine())("images of SageMaker's contract", () => {
  beforeAll(async () => {
    engine = await startEngine();
    cleanup.add(() => engine.stop());
    const scratch = await temporaryFolder();
    cleanup.add(scratch.remove);
    folder = scratch.path;
    await buildImage(join(folder, "image"));
    up = await startUp({ env: { DOCKER_HOST: engine.host } });
    cleanup.add(() => up.stop());
  }, 900_000);

  afterAll(() => cleanup.run());

  test("run in containers, and get and lose models as memory has it", async () => {
    const interpreter = await botoInterpreter();
    const models = join(folder, "models");
    await mkdir(models);
    for (const factor of [1, 2, 3]) {
      const source = join(folder, `source-${String(factor)}`);
      await mkdir(source);
      await writeFile(join(source, "factor.txt"), String(factor));
      await runOrFail(["tar", "-C", source, "-czf", join(models, `model-${String(factor)}.tar.gz`), "."]);
    }
    const env = {
      AWS_ENDPOINT_URL_SAGEMAKER: up.url,
      AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: up.url,
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "any",
      AWS_SECRET_ACCESS_KEY: "any",
    };
    const printed = await runOrFail([interpreter, "-c", client, `file://${models}/`, image], {
      env,
      timeoutMs: 120_000,
    });
    const seen = z
      .object({
        answers: z.array(z.unknown()),
        one: z.unknown(),
        image: z.string(),
        stream: z.string(),
        broken: z.string(),
      })
      .parse(JSON.parse(printed));
    const answer = (factor: number, loaded: number): object => ({
      ...{ factor, loaded, target: `model-${String(factor)}.tar.gz` },
      ...{ multi: "true", own: "variable", body: "hello" },
    });
    // The image says 507 to a third model: the least recently used one goes.
    expect(seen.answers).toEqual([answer(1, 1), answer(2, 2), answer(3, 2), answer(1, 2)]);
    expect(seen.one).toEqual({ factor: 2, loaded: 0, target: null, multi: null, own: null, body: "hello" });
    expect(seen.image).toContain(image);
    expect([seen.stream, seen.broken]).toEqual(["one two ", "ModelStreamError"]);
  }, 300_000);
});

async function buildImage(context: string): Promise<void> {
  await mkdir(context);
  await writeFile(join(context, "server.py"), server);
  await writeFile(join(context, "entry.sh"), entryPoint);
  const dockerfile = [
    `FROM ${engine.baseImage}`,
    "COPY server.py /server.py",
    "COPY entry.sh /entry.sh",
    'ENTRYPOINT ["sh", "/entry.sh"]',
    'CMD ["nothing"]',
  ];
  await writeFile(join(context, "Dockerfile"), dockerfile.join("\n"));
  const search = await findContainerEngine({ DOCKER_HOST: engine.host });
  if (search.kind === "none") throw new Error("The engine does not answer.");
  const found: ContainerEngine = search.engine;
  await found.build({ context, dockerfile: "Dockerfile", tag: image, pull: false }, () => undefined);
  await found.stop();
}
