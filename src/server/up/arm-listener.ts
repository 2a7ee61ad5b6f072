import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Logger } from "../../core/ports/logger.ts";
import type { ControlPlane } from "../../endpoints/index.ts";
import { registerArm } from "../../protocols/arm/index.ts";
import { openCertificates } from "../certificates/index.ts";
import { createApp, listen, type ListenerAddress } from "../http-app.ts";
import { closeApp } from "../stopping.ts";
import { certificatesFolder } from "./client-variables.ts";

export interface ArmListenerOptions {
  readonly control: ControlPlane;
  readonly stateFolder: string;
  /** A CA bundle that clients of this machine trust already. */
  readonly knownBundle: string | undefined;
  readonly logger: Logger;
}

/** Where azure-ai-ml finds what it takes for Azure: TLS, with a certificate of our own authority. */
export class ArmListener {
  readonly #options: ArmListenerOptions;
  #app: FastifyInstance | null = null;

  constructor(options: ArmListenerOptions) {
    this.#options = options;
  }

  /**
   * Resolves with the URL; the certificate is for that very name.
   *
   * @param adminKeySha256 of the control plane's key, which is asked for here too; null where it has none
   */
  async listen(address: ListenerAddress, adminKeySha256: string | null): Promise<string> {
    const { control, stateFolder, knownBundle, logger } = this.#options;
    const { endpoints, keys, deployments, assets } = control;
    const { cert, key } = await openCertificates({ folder: certificatesFolder(stateFolder), knownBundle });
    const app = createApp("", { cert, key });
    this.#app = app;
    const blobFolder = join(stateFolder, "uploads");
    registerArm(app, { endpoints, keys, deployments, assets, logger, blobFolder, adminKeySha256 });
    const url = URL.parse(await listen(app, address));
    return `https://localhost:${url?.port ?? ""}`;
  }

  async stop(): Promise<void> {
    if (this.#app !== null) await closeApp(this.#app);
  }
}
