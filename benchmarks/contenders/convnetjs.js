// ConvNetJS, told what to do by ../in_node.py.
"use strict";

const path = require("path");
const { crossEntropy, obey, sigmoid } = require("../in_node.js");
const convnetjs = require(path.join(__dirname, "..", "node_modules", "convnetjs"));

// The library has no sigmoid with cross-entropy; in its own form that is a layer like its softmax.
class Logistic {
  forward(V) {
    this.in_act = this.out_act = V;
    return V;
  }

  backward(y) {
    const z = this.in_act.w[0];
    this.in_act.dw = new Float64Array([sigmoid(z) - y]);
    return crossEntropy(z, y);
  }

  getParamsAndGrads() {
    return [];
  }
}

let net, trainer, inputs, targets, binary;

function setUp({ sizes, activation, rate, weights, X, y }) {
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
  inputs = X.map((row) => {
    const v = new convnetjs.Vol(1, 1, row.length, 0);
    row.forEach((value, i) => (v.w[i] = value));
    return v;
  });
  targets = y;
}

function train(rows, batch) {
  for (let start = 0; start < rows.length; start += batch) {
    const stop = Math.min(start + batch, rows.length);
    trainer.batch_size = stop - start; // a partial last batch is a mean over its own size
    trainer.k = 0;
    for (let p = start; p < stop; p++) trainer.train(inputs[rows[p]], targets[rows[p]]);
  }
}

function lossOf(sample) {
  const out = net.forward(inputs[sample], false).w;
  if (binary) return crossEntropy(out[0], targets[sample]);
  return -Math.log(Math.max(out[targets[sample]], 1e-7));
}

obey({ setUp, train, lossOf });
