// The library's decorators need it, and it has to come first.
import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** All three as PEM. */
export interface MadeCertificate {
  /** What clients trust. */
  readonly authority: string;
  readonly certificate: string;
  readonly privateKey: string;
}

export interface CertificateOrder {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" } as const;

/**
 * Makes an authority and one certificate of it for a server.
 *
 * The authority's key is never written and gone when this returns: nobody can make a further certificate that the
 * clients of this one would trust.
 */
export async function makeCertificate(order: CertificateOrder): Promise<MadeCertificate> {
  const authorityKeys = await crypto.subtle.generateKey(keyAlgorithm, false, ["sign", "verify"]);
  const authority = await makeAuthority(order, authorityKeys);
  const serverKeys = await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    subject: "CN=localhost",
    issuer: authority.subject,
    notBefore: order.notBefore,
    notAfter: order.notAfter,
    signingAlgorithm,
    publicKey: serverKeys.publicKey,
    signingKey: authorityKeys.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      await SubjectKeyIdentifierExtension.create(serverKeys.publicKey),
      await AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
      new SubjectAlternativeNameExtension([
        ...order.dnsNames.map((value) => ({ type: "dns", value }) as const),
        ...order.ipAddresses.map((value) => ({ type: "ip", value }) as const),
      ]),
    ],
  });
  const privateKey = await crypto.subtle.exportKey("pkcs8", serverKeys.privateKey);
  return {
    authority: `${authority.toString("pem")}\n`,
    certificate: `${certificate.toString("pem")}\n`,
    privateKey: `${PemConverter.encode(privateKey, "PRIVATE KEY")}\n`,
  };
}

async function makeAuthority(
  { notBefore, notAfter }: CertificateOrder,
  keys: webcrypto.CryptoKeyPair,
): Promise<X509Certificate> {
  return X509CertificateGenerator.createSelfSigned({
    // The time tells authorities apart that follow one another.
    name: `CN=hostler on this machine (${notBefore.toISOString()})`,
    notBefore,
    notAfter,
    signingAlgorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
}
