import type { ListenAddress } from "./listen-address.ts";

/** What `config.properties`, flags and variables come to. Sizes in bytes, times in milliseconds. */
export interface MmsSettings {
  readonly inference: ListenAddress;
  /** The same as {@link inference}: both APIs on one listener. */
  readonly management: ListenAddress;
  /** Where there is a listener for metrics, too; null where none is named. */
  readonly metrics: ListenAddress | null;
  /** Absolute; null where none is named. */
  readonly modelStore: string | null;
  readonly startupModels: StartupModels;
  /** Workers of each model that is there from the start. */
  readonly workersPerModel: number;
  /** Workers of a model that is registered without a word about them; 0: it waits to be scaled. */
  readonly workersOfRegistered: number;
  readonly jobQueueSize: number;
  readonly responseTimeoutMs: number;
  /** What a number without a unit means where MMS's documents say seconds and its code minutes. */
  readonly timeoutUnit: TimeoutUnit;
  readonly unregisterTimeoutMs: number;
  readonly gpus: number;
  readonly decodesInput: boolean;
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
  readonly defaultHandler: string | null;
  /** Whether a variable of the server is kept from the handlers. */
  readonly hidesVariable: (name: string) => boolean;
  readonly crossOrigin: CrossOrigin | null;
  readonly tls: TlsFiles | null;
  readonly isDebug: boolean;
  readonly allowsDownload: (url: string) => boolean;
  /** What the operator should know once. */
  readonly notices: readonly string[];
}

export type TimeoutUnit = "seconds" | "minutes";

/** `all`: everything in the model store. */
export type StartupModels = "all" | readonly StartupModel[];

export interface StartupModel {
  /** Null: the model's own, or that of its file. */
  readonly name: string | null;
  readonly url: string;
}

export interface CrossOrigin {
  readonly origin: string;
  readonly methods: readonly string[];
  readonly headers: readonly string[];
}

/** Absolute paths. */
export type TlsFiles =
  | { readonly kind: "pem"; readonly certificate: string; readonly privateKey: string }
  | { readonly kind: "pkcs12"; readonly keystore: string; readonly passphrase: string };
