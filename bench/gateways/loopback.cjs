// Preloaded into a node program that would listen on every interface: it listens on loopback instead.
// The program itself stays as it was published.
const { Server } = require("node:net");
const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, port, "127.0.0.1", ...rest.filter((argument) => typeof argument === "function"));
};
