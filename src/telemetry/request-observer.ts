import type { RequestObserver } from "../core/ports/request-observer.ts";
import type { AccessLog } from "./access-log.ts";

/** Tells the metrics of every request, and the access log of every request that ended. */
export function observeRequests(metrics: RequestObserver, accessLog: AccessLog): RequestObserver {
  return {
    started: () => {
      metrics.started();
    },
    ended: (record) => {
      metrics.ended(record);
      accessLog.ended(record);
    },
  };
}
