// A server that asks its neighbour and answers. It knows of chaoscli only what its environment says.
const http = require("node:http");

const inventory = process.env.INVENTORY_URL;
const timeoutMs = Number(process.env.TIMEOUT_MS || 0);

async function order() {
  const signal = timeoutMs ? AbortSignal.timeout(timeoutMs) : undefined;
  const reply = await fetch(`${inventory}/api/inventory/check/BOOK-001?quantity=1`, { signal });
  return (await reply.json()).available;
}

const server = http.createServer(async (request, response) => {
  request.resume();
  if (request.url === "/health") return response.end("up");
  try {
    response.statusCode = (await order()) ? 201 : 409;
    response.end();
  } catch (error) {
    response.statusCode = 503;
    response.end(String(error.name));
  }
});

server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening"));
process.on("SIGTERM", () => server.close(() => process.exit(0)) && server.closeAllConnections());
