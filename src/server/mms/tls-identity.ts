import { readFile } from "node:fs/promises";
import { createSecureContext, DEFAULT_CIPHERS } from "node:tls";
import { ServingError } from "../../contracts/serving-error.ts";
import type { Logger } from "../../core/ports/logger.ts";
import type { TlsFiles } from "../../repositories/mms/settings.ts";
import type { TlsIdentity } from "../http-app.ts";

const dayMs = 86_400_000;
/** One that is made for a run is of no use after it. */
const madeForDays = 398;

/**
 * Who a listener with TLS is: as the files say, or where none are named, somebody that was made up for this run.
 *
 * @throws ServingError INVALID_SETTINGS for files that cannot be read, or are no certificate with its key
 */
export async function tlsIdentityOf(files: TlsFiles | null, logger: Logger): Promise<TlsIdentity> {
  return files === null ? await selfSigned() : usable(await identityIn(files), files, logger);
}

/** OpenSSL's word for a key that is shorter than its usual level of security asks for. */
const weakKey = "ERR_SSL_EE_KEY_TOO_SMALL";
/** Takes RSA keys from 1024 bits up, as Java does. */
const lowerLevel = `${DEFAULT_CIPHERS}:@SECLEVEL=1`;

/** Whoever names a certificate with a short key is told, and served. */
function usable(identity: TlsIdentity, files: TlsFiles, logger: Logger): TlsIdentity {
  const error = problemWith(identity);
  if (error === null) return identity;
  const where = files.kind === "pkcs12" ? files.keystore : files.certificate;
  const lowered = { ...identity, ciphers: lowerLevel };
  if (codeOf(error) === weakKey && problemWith(lowered) === null) {
    logger.warn("the certificate's key is too short to be safe", {
      where,
      hint: "Make one of 2048 bits or more.",
    });
    return lowered;
  }
  const field = files.kind === "pkcs12" ? "keystore" : "certificate_file";
  const { message } = ServingError.from(error);
  throw new ServingError(
    "INVALID_SETTINGS",
    `${field} cannot be used for TLS: ${message}`,
    { field, where },
    { cause: error },
  );
}

function problemWith(identity: TlsIdentity): unknown {
  try {
    createSecureContext(identity);
    return null;
  } catch (error) {
    return error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : null;
}

async function identityIn(files: TlsFiles): Promise<TlsIdentity> {
  if (files.kind === "pkcs12") {
    return { pfx: await readOrFail("keystore", files.keystore), passphrase: files.passphrase };
  }
  const [cert, key] = await Promise.all([
    readOrFail("certificate_file", files.certificate),
    readOrFail("private_key_file", files.privateKey),
  ]);
  return { cert: cert.toString(), key: key.toString() };
}

async function readOrFail(field: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { message } = ServingError.from(error);
    const details = { field, where: path };
    throw new ServingError("INVALID_SETTINGS", `${field} cannot be read: ${message}`, details, {
      cause: error,
    });
  }
}

async function selfSigned(): Promise<TlsIdentity> {
  const { makeCertificate } = await import("../certificates/make-certificate.ts");
  const now = Date.now();
  const { certificate, authority, privateKey } = await makeCertificate({
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1", "::1"],
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + madeForDays * dayMs),
  });
  return { cert: certificate + authority, key: privateKey };
}
