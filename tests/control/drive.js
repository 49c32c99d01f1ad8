// Drives a Toxiproxy server through toxiproxy-node-client and prints, step by step, what it answered.
const { Toxiproxy } = require("toxiproxy-node-client");

const [url, upstream] = process.argv.slice(2);
const say = (step, value) => console.log(JSON.stringify([step, value]));
const refused = async (step, promise) => {
  try {
    await promise;
    say(step, "went through");
  } catch (error) {
    say(step, error.message);
  }
};
const types = {
  latency: { latency: 10, jitter: 2 },
  bandwidth: { rate: 100 },
  slow_close: { delay: 100 },
  timeout: { timeout: 1000 },
  reset_peer: { timeout: 100 },
  slicer: { average_size: 64, size_variation: 32, delay: 10 },
  limit_data: { bytes: 1000 },
};

(async () => {
  const server = new Toxiproxy(url);
  say("version", await server.getVersion());
  const web = await server.createProxy({ name: "web", listen: "localhost:0", upstream });
  say("create", [web.name, web.upstream, web.enabled]);
  await refused("create again", server.createProxy({ name: "web", listen: "localhost:0", upstream }));
  await refused("get what is not there", server.get("nothing"));
  const made = await server.populate([
    { name: "a", listen: "localhost:0", upstream },
    { name: "b", listen: "localhost:0", upstream },
  ]);
  say("populate", Object.keys(made));
  for (const [type, attributes] of Object.entries(types)) {
    const toxic = await web.addToxic({ attributes, name: type, stream: "upstream", toxicity: 0.25, type });
    say(type, toxic.toJson());
  }
  await refused("a type that is none", web.addToxic({ attributes: {}, name: "x", stream: "upstream", toxicity: 1, type: "poison" }));
  const lag = await web.getToxic("latency");
  say("update toxic", (await lag.update({ ...lag.toJson(), attributes: { latency: 20 }, toxicity: 1 })).toJson());
  await lag.remove();
  await refused("a removed toxic", web.getToxic("latency"));
  say("disable", (await web.update({ enabled: false, listen: web.listen, upstream })).enabled);
  await server.reset();
  say("after reset", [(await server.get("web")).enabled, Object.keys(await server.getAll())]);
  await web.remove();
  say("after remove", Object.keys(await server.getAll()));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
