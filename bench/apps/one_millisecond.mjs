// A server that takes a millisecond for any request and next to nothing of the processor: what proxies are put before.
// Sockets and no node:http, so that it is never what a measurement waits for. Takes requests with a content-length.
import { createServer } from "node:net";

const body = '{"predictions":[11633.1,8522.1]}';
const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const answer = `${head}content-length: ${String(body.length)}\r\n\r\n${body}`;

/**
 * Length of the request that this text begins with; 0 while it is not whole.
 * @param {string} text
 */
function lengthOfFirst(text) {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return 0;
  const announced = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end));
  const length = end + 4 + Number(announced?.[1] ?? 0);
  return text.length < length ? 0 : length;
}

createServer({ noDelay: true }, (socket) => {
  let text = "";
  socket.setEncoding("latin1");
  socket.on("data", (/** @type {string} */ chunk) => {
    text += chunk;
    for (let length = lengthOfFirst(text); length > 0; length = lengthOfFirst(text)) {
      text = text.slice(length);
      setTimeout(() => socket.write(answer, "latin1"), 1);
    }
  });
  socket.on("error", () => socket.destroy());
}).listen(Number(process.env["PORT"]), "127.0.0.1", 4096);
