import { writeSync } from "node:fs";
import { type EndpointSpec, endpointSpecSchema } from "../../contracts/control/endpoint.ts";
import { newSecrets } from "../credentials.ts";
import { Journal } from "../journal.ts";
import { Store } from "../store/store.ts";

/** Changes an endpoint for ever, in the database named on the command line; says of each revision when it is durable. */

const timestamp = (): string => new Date().toISOString();
const store = new Store(process.argv[2] ?? "");
const journal = new Journal(store, timestamp);
const { name } = endpointSpecSchema.parse({ name: "shop" });

for (;;) {
  const old = store.endpoints.find(name)?.record;
  const next = (old?.revision ?? 0) + 1;
  const spec: EndpointSpec = endpointSpecSchema.parse({ name, description: String(next) });
  journal.record({ endpoint: name, actor: { name: "writer" }, what: "write" }, ({ revision, at }) => {
    if (old === undefined)
      store.endpoints.insert({ spec, revision, createdAt: at, modifiedAt: at }, newSecrets());
    else store.endpoints.update({ ...old, spec });
  });
  writeSync(1, `${String(next)}\n`);
}
