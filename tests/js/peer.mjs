// SPDX-License-Identifier: Apache-2.0
// Starts an SQS server that others wrote, on loopback and a free port, and says where.
//   node peer.mjs fauxqs|local-aws-sqs    prints "listening on http://127.0.0.1:PORT"; SIGTERM ends it
import { createServer } from "node:http";

const HOST = "127.0.0.1";

const peers = {
  // Its own startFauxqs() listens on every interface; its application does not.
  async fauxqs() {
    const { buildApp } = await import("fauxqs");
    const app = buildApp({ logger: false });
    await app.listen({ host: HOST, port: 0 });
    return app.server.address().port;
  },
  async "local-aws-sqs"() {
    const { default: module } = await import("local-aws-sqs");
    const port = await freePort();
    const server = await module.createSqsServer({ hostname: HOST, port });
    return server.address()?.port ?? port;
  },
};

// It writes its port into queue URLs before it listens, so it has to know it.
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, HOST, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const start = peers[process.argv[2]];
if (!start) {
  console.error(`usage: peer.mjs ${Object.keys(peers).join("|")}`);
  process.exit(2);
}
console.log(`listening on http://${HOST}:${await start()}`);
process.on("SIGTERM", () => process.exit(0));
