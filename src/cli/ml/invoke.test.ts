import { describe, expect, test } from "vitest";
import { startStub } from "../testing/http-stub.ts";
import { useDesk } from "../testing/desk.ts";

const desk = useDesk({ ENDPOINT_NAME: "from-template" });
const { ml, ok, file } = desk;

describe("online-endpoint invoke", () => {
  test("sends the file with the key and prints the answer as a text", async () => {
    await using scoring = await startStub(({ body }, response) => {
      response.end(JSON.stringify(`got ${body}`));
    });
    desk.control.plane.endpoints.scoringBaseUrl = scoring.url;
    await ok("online-endpoint", "create", "-n", "my-endpoint");
    await file("request.json", '{"id": 9007199254740993}');
    const words = ["-n", "my-endpoint", "--request", "request.json"];
    const answer = '"got {\\"id\\": 9007199254740993}"';
    expect(await ok("online-endpoint", "invoke", ...words, "-o", "tsv")).toBe(`${answer}\n`);
    expect(await ok("online-endpoint", "invoke", ...words)).toBe(`${JSON.stringify(answer)}\n`);
    await ok("online-endpoint", "invoke", ...words, "--deployment", "green");
    expect(scoring.seen.map(({ headers }) => headers["azureml-model-deployment"])).toEqual([
      undefined,
      undefined,
      "green",
    ]);
    expect(scoring.seen[0]).toMatchObject({
      method: "POST",
      path: "/endpoints/my-endpoint/score",
      headers: { authorization: "Bearer key-1", "content-type": "application/json" },
    });
  });

  test("of a model that fails ends with status 1, its own status and its words", async () => {
    await using scoring = await startStub((_request, response) => {
      response.writeHead(424, {
        "ms-azureml-model-error-statuscode": "500",
        "azureml-model-deployment": "blue",
      });
      response.end("boom");
    });
    desk.control.plane.endpoints.scoringBaseUrl = scoring.url;
    await ok("online-endpoint", "create", "-n", "my-endpoint");
    await file("request.json", "{}");
    expect(await ml("online-endpoint", "invoke", "-n", "my-endpoint", "-r", "request.json")).toEqual({
      exitCode: 1,
      out: "",
      err: "ERROR: Endpoint my-endpoint answered with status 424 (the model's own status was 500): boom\nTo do: See what it wrote: hostler ml online-deployment get-logs -n blue -e my-endpoint\n",
    });
  });

  test("whose answer breaks off in the middle says so, and blames nobody else", async () => {
    await using scoring = await startStub((_request, response) => {
      response.writeHead(200, { "content-length": "100" }).write("[1,", () => response.destroy());
    });
    desk.control.plane.endpoints.scoringBaseUrl = scoring.url;
    await ok("online-endpoint", "create", "-n", "my-endpoint");
    await file("request.json", "{}");
    const { exitCode, err } = await ml(
      "online-endpoint",
      "invoke",
      "-n",
      "my-endpoint",
      "-r",
      "request.json",
    );
    expect(exitCode).toBe(1);
    expect(err).toMatch(
      /^ERROR: The answer from http.* broke off \(.+\)\.\nTo do: See whether hostler up is running/,
    );
  });

  test("takes a file with the byte order mark that PowerShell writes", async () => {
    await using scoring = await startStub(({ body }, response) => {
      response.end(body);
    });
    desk.control.plane.endpoints.scoringBaseUrl = scoring.url;
    await ok("online-endpoint", "create", "-n", "my-endpoint");
    await file("request.json", '\u{FEFF}{"a":"é"}');
    const words = ["-n", "my-endpoint", "-r", "request.json", "-o", "tsv"];
    expect(await ok("online-endpoint", "invoke", ...words)).toBe('{"a":"é"}\n');
  });

  test("of a deployment that is not there says how to see which are", async () => {
    await using scoring = await startStub((_request, response) => {
      response.writeHead(404).end('{"error":{"code":"X","message":"No such deployment."}}');
    });
    desk.control.plane.endpoints.scoringBaseUrl = scoring.url;
    await ok("online-endpoint", "create", "-n", "my-endpoint");
    await file("request.json", "{}");
    const words = ["-n", "my-endpoint", "-r", "request.json", "-d", "green"];
    const { err } = await ml("online-endpoint", "invoke", ...words);
    expect(err).toBe(
      [
        "ERROR: Endpoint my-endpoint answered with status 404: No such deployment.",
        "To do: See which there are: hostler ml online-deployment list -e my-endpoint",
        "",
      ].join("\n"),
    );
  });

  test.each([
    [[], "There is no request to send."],
    [["-r", "nowhere.json"], "nowhere.json cannot be read (ENOENT)"],
    [["-r", "text.txt"], "text.txt is not JSON"],
  ])("%j is refused before anything is sent", async (words, message) => {
    await file("text.txt", "plain");
    const { exitCode, err } = await ml("online-endpoint", "invoke", "-n", "my-endpoint", ...words);
    expect(exitCode).toBe(1);
    expect(err).toContain(message);
    expect(desk.control.seen).toEqual([]);
  });
});
