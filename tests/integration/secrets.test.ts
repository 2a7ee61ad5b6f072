import { afterAll, beforeAll, expect, test } from "vitest";
import { Cleanup } from "../support/cleanup.ts";
import { createEndpoint, deployScript, score } from "../support/endpoints.ts";
import { startUp, type RunningUp } from "../support/up.ts";

const secrets = {
  HOSTLER_API_KEY: "of-the-models",
  HOSTLER_ADMIN_KEY: "of-the-control-plane",
  HOSTLER_AWS_ACCESS_KEY_ID: "of-boto3",
  HOSTLER_AWS_SECRET_ACCESS_KEY: "of-boto3-too",
};
const readable = "import os\ndef names():\n    return sorted(n for n in os.environ if 'KEY' in n)\n";
const scoring = `${readable}
def init():
    pass

def run(data):
    return names()
`;
const ownServer = `${readable}
import http.server, json

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(names()).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET

http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;

const cleanup = new Cleanup();
let up: RunningUp;

beforeAll(async () => {
  up = await startUp({ args: ["--engine", "process"], env: { ...secrets, MY_KEY: "the user's own" } });
  cleanup.add(up.stop);
});
afterAll(() => cleanup.run());

test.each([
  ["a scoring script", scoring, { environment_variables: { GIVEN_KEY: "a" } }],
  [
    "a server of one's own",
    ownServer,
    { command: ["python", "score.py"], environment_variables: { PORT: "5001", GIVEN_KEY: "a" } },
  ],
])("%s sees the user's keys and none of the server's", async (what, script, spec) => {
  const endpoint = what.replaceAll(/[^a-z]+/g, "-");
  const key = await createEndpoint(up, endpoint);
  const found = await deployScript(up, { endpoint, name: "blue", script, spec });
  expect(found).toMatchObject({ provisioning_state: "Succeeded" });
  const reply = await score(up, { endpoint, key, headers: { "azureml-model-deployment": "blue" } });
  expect(JSON.parse(reply.body)).toEqual(["GIVEN_KEY", "MY_KEY"]);
});
