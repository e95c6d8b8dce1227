// SPDX-License-Identifier: Apache-2.0
// Starts an SQS server that others wrote, on loopback and a free port, and says where.
//   node peer.mjs fauxqs|local-aws-sqs    prints "listening on http://127.0.0.1:PORT"; SIGTERM ends it
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
    const server = await module.createSqsServer({ hostname: HOST, port: 0 });
    return server.address().port;
  },
};

const start = peers[process.argv[2]];
if (!start) {
  console.error(`usage: peer.mjs ${Object.keys(peers).join("|")}`);
  process.exit(2);
}
process.on("SIGTERM", () => process.exit(0));
console.log(`listening on http://${HOST}:${await start()}`);
