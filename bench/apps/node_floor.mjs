// The least a Node server can do for a V2 request: read the body, JSON.parse it, answer a constant.
import { createServer } from "node:http";

const output = { name: "predict", shape: [1, 1], datatype: "INT64", data: [8] };
const answer = Buffer.from(JSON.stringify({ model_name: "floor", outputs: [output] }));

createServer((request, response) => {
  /** @type {Buffer[]} */
  const chunks = [];
  request.on("data", (/** @type {Buffer} */ chunk) => {
    chunks.push(chunk);
  });
  request.on("end", () => {
    /** @type {unknown} */
    const body = JSON.parse(Buffer.concat(chunks).toString() || "{}");
    const isCall = typeof body === "object" && body !== null && "inputs" in body;
    response.writeHead(isCall ? 200 : 400, {
      "content-type": "application/json",
      "content-length": answer.length,
    });
    response.end(answer);
  });
}).listen(Number(process.env["PORT"]), "127.0.0.1", 4096);
