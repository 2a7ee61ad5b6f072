import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";

export interface CertificatesOptions {
  /** Made where it is missing; only its owner can read it. */
  readonly folder: string;
  /** Further names that clients may use, beside `localhost` and its addresses. */
  readonly dnsNames?: readonly string[];
  /** A bundle that this machine's clients use already, so that theirs goes on working. */
  readonly knownBundle?: string | undefined;
  readonly now?: Date;
}

/** What a listener with TLS needs, and what its clients have to trust. */
export interface Certificates {
  /** PEM, with the authority after it. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** PEM file with every public root and ours: a client that trusts it trusts this server and the rest of the world. */
  readonly bundlePath: string;
  /** PEM file with ours alone. */
  readonly authorityPath: string;
}

/** The second one for clients that put a storage account's name in front. (No client takes `*.localhost`.) */
const localNames = ["localhost", "*.blob.localhost"] as const;
const localAddresses = ["127.0.0.1", "::1"] as const;
const dayMs = 86_400_000;
/** As long as clients on any system accept from an authority of the user's own. */
const validDays = 820;
const renewDays = 60;
/** The clocks of a machine and of the containers on it differ a little. */
const backdatedDays = 1;

const files = {
  authority: "authority.pem",
  certificate: "server.pem",
  privateKey: "server-key.pem",
  bundle: "client-bundle.pem",
} as const;

/** Reads the server's certificate and makes a new one where there is none, or it is old, or lacks a name. */
export async function openCertificates(options: CertificatesOptions): Promise<Certificates> {
  const { folder, now = new Date() } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = [...localNames, ...(options.dnsNames ?? [])];
  const pair = (await readPair(folder, names, now)) ?? (await renewPair(folder, names, now));
  await writeBundle(folder, pair.authority, options.knownBundle);
  return {
    cert: pair.certificate + pair.authority,
    key: pair.privateKey,
    bundlePath: join(folder, files.bundle),
    authorityPath: join(folder, files.authority),
  };
}

/**
 * The variables that a client's environment needs to reach this server where it would reach Azure.
 *
 * @param tlsUrl as `https://localhost:8802`
 */
export function clientVariables(
  { bundlePath }: Pick<Certificates, "bundlePath">,
  tlsUrl: string,
): Readonly<Record<string, string>> {
  return {
    AZUREML_DEV_URL_MFE: tlsUrl,
    REQUESTS_CA_BUNDLE: bundlePath,
    // For curl and for OpenSSL's other users.
    CURL_CA_BUNDLE: bundlePath,
    SSL_CERT_FILE: bundlePath,
  };
}

interface Pair {
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
}

async function readPair(folder: string, names: readonly string[], now: Date): Promise<Pair | null> {
  const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8");
  try {
    const [authority, certificate, privateKey] = await Promise.all([
      read(files.authority),
      read(files.certificate),
      read(files.privateKey),
    ]);
    const pair = { authority, certificate, privateKey };
    return isGood(pair, names, now) ? pair : null;
  } catch {
    // What is missing or cannot be read is made anew.
    return null;
  }
}

/** Two processes that made one at the same time leave files that do not belong together. */
function isGood(pair: Pair, names: readonly string[], now: Date): boolean {
  const certificate = new X509Certificate(pair.certificate);
  const soon = now.getTime() + renewDays * dayMs;
  const has = certificate.subjectAltName?.split(", ") ?? [];
  return (
    certificate.validToDate.getTime() > soon &&
    names.every((name) => has.includes(`DNS:${name}`)) &&
    certificate.checkPrivateKey(createPrivateKey(pair.privateKey)) &&
    certificate.verify(new X509Certificate(pair.authority).publicKey)
  );
}

async function renewPair(folder: string, names: readonly string[], now: Date): Promise<Pair> {
  const { makeCertificate } = await import("./make-certificate.ts");
  const pair = await makeCertificate({
    dnsNames: names,
    ipAddresses: localAddresses,
    notBefore: new Date(now.getTime() - backdatedDays * dayMs),
    notAfter: new Date(now.getTime() + validDays * dayMs),
  });
  await replaceFile(join(folder, files.privateKey), pair.privateKey);
  await replaceFile(join(folder, files.authority), pair.authority);
  // Last: without it the others are not read.
  await replaceFile(join(folder, files.certificate), pair.certificate);
  return pair;
}

/** Public roots as Node.js brings them, so that it makes no difference which Python is there, or whether one is. */
async function writeBundle(
  folder: string,
  authority: string,
  knownBundle: string | undefined,
): Promise<void> {
  const path = join(folder, files.bundle);
  // Whoever has evaluated --print-env names this very file.
  const known = knownBundle === undefined || knownBundle === path ? "" : await readOrNothing(knownBundle);
  const bundle = [...rootCertificates, known.trim(), authority.trim()].filter((pem) => pem !== "").join("\n");
  await replaceFile(path, `${bundle}\n`);
}

async function readOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return "";
  }
}

/** Whole or not at all, also when the machine stops half-way. */
async function replaceFile(path: string, content: string): Promise<void> {
  const part = `${path}.${String(process.pid)}.part`;
  await writeFile(part, content, { mode: 0o600 });
  await rename(part, path);
}
