// TensorFlow Playground's src/nn.ts, compiled in memory and told what to do by ../in_node.py.
"use strict";

const fs = require("fs");
const path = require("path");
const vm = require("vm");
const { crossEntropy, obey, sigmoid } = require("../in_node.js");
const ts = require(path.join(__dirname, "..", "node_modules", "typescript"));

const filename = path.join(__dirname, "..", "tensorflow-playground", "src", "nn.ts");
// Not newer: as ES2022's class fields its nodes and links are a fifth slower.
const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2015 };
const source = fs.readFileSync(filename, "utf8");
const { outputText } = ts.transpileModule(source, { compilerOptions });
const nn = {};
vm.compileFunction(outputText, ["exports"], { filename })(nn);

const activations = { tanh: nn.Activations.TANH, relu: nn.Activations.RELU };
const error = { error: crossEntropy, der: (z, y) => sigmoid(z) - y };
let network, inputs, targets, rate;

function setUp({ sizes, activation, weights, ...given }) {
  ({ X: inputs, y: targets, rate } = given);
  const names = inputs[0].map((_, i) => `x${i + 1}`);
  const { LINEAR } = nn.Activations;
  network = nn.buildNetwork(sizes, activations[activation], LINEAR, null, names);
  weights.forEach(([w, b], k) => {
    network[k + 1].forEach((node, j) => {
      node.bias = b[j];
      node.inputLinks.forEach((link, i) => (link.weight = w[i][j]));
    });
  });
}

function train(rows, batch) {
  for (let start = 0; start < rows.length; start += batch) {
    const stop = Math.min(start + batch, rows.length); // the engine divides by how many there were
    for (let p = start; p < stop; p++) {
      nn.forwardProp(network, inputs[rows[p]]);
      nn.backProp(network, targets[rows[p]], error);
    }
    nn.updateWeights(network, rate, 0);
  }
}

function lossOf(sample) {
  return error.error(nn.forwardProp(network, inputs[sample]), targets[sample]);
}

obey({ setUp, train, lossOf });
