export { ArchiveStore, type OpenArchive } from "./archive-store.ts";
export { MarArchives } from "./model-archives.ts";
