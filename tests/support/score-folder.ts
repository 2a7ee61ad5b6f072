import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ScoreServer } from "../../src/server/score/index.ts";
import { type ScoreOptions, sendTo, serveScript } from "./azmlinfsrv.ts";
import { type TemporaryFolder, temporaryFolder } from "./folders.ts";
import { ProcessTree } from "./processes.ts";

/** A folder with a scoring script, and the servers that were started of it. */
export class ScoreFolder {
  readonly path: string;
  readonly tree = new ProcessTree();
  /** What the servers have logged. */
  log = "";
  readonly #folder: TemporaryFolder;
  readonly #servers: ScoreServer[] = [];

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
    this.path = folder.path;
  }

  static async make(): Promise<ScoreFolder> {
    return new ScoreFolder(await temporaryFolder());
  }

  async script(text: string): Promise<void> {
    await writeFile(join(this.path, "score.py"), text);
  }

  /** Serves the script; `started` has not been waited for. */
  async serve(options: Partial<ScoreOptions> = {}): Promise<ScoreServer> {
    const { environment = {}, ...rest } = options;
    const server = await serveScript({
      script: "score.py",
      cwd: this.path,
      environment: { ...environment, ...this.tree.environment, FOLDER: this.path },
      write: (text) => {
        this.log += text;
      },
      ...rest,
    });
    server.started.catch(() => undefined);
    this.#servers.push(server);
    return server;
  }

  /** Ends everything, and fails where something is left. */
  async dispose(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop({ force: true })));
    await this.tree.expectNone(5000);
    await this.#folder.remove();
  }
}

export async function score(server: ScoreServer, body: string): Promise<{ status: number; body: string }> {
  const encoded = Buffer.from(body).toString("base64");
  const reply = await sendTo(server, { method: "POST", target: "/score", headers: {}, body: encoded });
  return { status: reply.status, body: reply.body.toString() };
}
