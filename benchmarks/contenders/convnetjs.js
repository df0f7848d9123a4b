// ConvNetJS in Node: one JSON line in, one JSON line out. The first line sets it up; then
// {"orders": [[...], ...]} trains an epoch for each order of rows, {"loss": true} asks for the mean
// loss over all samples, {"memory": true} for the peak memory in MiB.
"use strict";

const path = require("path");
const readline = require("readline");
const convnetjs = require(path.join(__dirname, "..", "node_modules", "convnetjs"));

// The library has no sigmoid with cross-entropy; in its own form that is a layer like its softmax.
class Logistic {
  forward(V) {
    this.in_act = this.out_act = V;
    return V;
  }

  backward(y) {
    const z = this.in_act.w[0];
    this.in_act.dw = new Float64Array([1 / (1 + Math.exp(-z)) - y]);
    return Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0) - z * y;
  }

  getParamsAndGrads() {
    return [];
  }
}

let net, trainer, inputs, targets, batch, binary;

function setUp(order) {
  const { sizes, activation, rate, weights } = order;
  const layers = [{ type: "input", out_sx: 1, out_sy: 1, out_depth: sizes[0] }];
  for (const n of sizes.slice(1, -1)) layers.push({ type: "fc", num_neurons: n, activation });
  binary = sizes[sizes.length - 1] === 1;
  if (binary) layers.push({ type: "regression", num_neurons: 1 });
  else layers.push({ type: "softmax", num_classes: sizes[sizes.length - 1] });
  net = new convnetjs.Net();
  net.makeLayers(layers);
  if (binary) net.layers[net.layers.length - 1] = new Logistic();
  const dense = net.layers.filter((layer) => layer.layer_type === "fc");
  weights.forEach(([w, b], k) => {
    dense[k].filters.forEach((filter, j) => filter.w.forEach((_, i) => (filter.w[i] = w[i][j])));
    b.forEach((value, j) => (dense[k].biases.w[j] = value));
  });
  trainer = new convnetjs.Trainer(net, { learning_rate: rate, momentum: 0, method: "sgd" });
  inputs = order.X.map((row) => {
    const v = new convnetjs.Vol(1, 1, row.length, 0);
    row.forEach((value, i) => (v.w[i] = value));
    return v;
  });
  ({ y: targets, batch } = order);
  return {};
}

function train(order) {
  for (let start = 0; start < order.length; start += batch) {
    const stop = Math.min(start + batch, order.length);
    trainer.batch_size = stop - start; // a partial last batch is a mean over its own size
    trainer.k = 0;
    for (let p = start; p < stop; p++) trainer.train(inputs[order[p]], targets[order[p]]);
  }
}

function loss() {
  let total = 0;
  inputs.forEach((x, p) => {
    const out = net.forward(x, false).w;
    const z = out[0];
    if (binary) total += Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0) - z * targets[p];
    else total -= Math.log(Math.max(out[targets[p]], 1e-7));
  });
  return total / inputs.length;
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line);
  let answer = {};
  if (order.sizes) answer = setUp(order);
  else if (order.orders) order.orders.forEach(train);
  else if (order.loss) answer = { loss: loss() };
  else answer = { memory: process.resourceUsage().maxRSS / 1024 };
  process.stdout.write(JSON.stringify(answer) + "\n");
});
