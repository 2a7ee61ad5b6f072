import type { RequestObserver } from "../core/ports/request-observer.ts";
import type { AccessLog } from "./access-log.ts";

/** Tells the metrics of every request, and the access log and others of every request that ended. */
export function observeRequests(
  metrics: RequestObserver,
  accessLog: AccessLog,
  ...others: readonly Pick<RequestObserver, "ended">[]
): RequestObserver {
  return {
    started: () => {
      metrics.started();
    },
    ended: (record) => {
      metrics.ended(record);
      accessLog.ended(record);
      for (const other of others) other.ended(record);
    },
  };
}
