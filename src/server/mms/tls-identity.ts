import { readFile } from "node:fs/promises";
import { ServingError } from "../../contracts/serving-error.ts";
import type { TlsFiles } from "../../repositories/mms/settings.ts";
import type { TlsIdentity } from "../http-app.ts";

const dayMs = 86_400_000;
/** One that is made for a run is of no use after it. */
const madeForDays = 398;

/** Who a listener with TLS is: as the files say, or where none are named, somebody that was made up for this run. */
export async function tlsIdentityOf(files: TlsFiles | null): Promise<TlsIdentity> {
  if (files === null) return await selfSigned();
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
