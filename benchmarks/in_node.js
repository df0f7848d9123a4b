// What all contenders in Node share: one JSON line in, one JSON line out. The first line describes
// the workload; then {"train": epochs} goes on from where it stands, {"loss": true} asks for the
// mean loss over all samples, {"memory": true} for the peak memory in MiB.
"use strict";

const readline = require("readline");

exports.sigmoid = (z) => 1 / (1 + Math.exp(-z));

// Binary cross-entropy of sigmoid(z), y being 0 or 1.
exports.crossEntropy = (z, y) => Math.log1p(Math.exp(-Math.abs(z))) + Math.max(z, 0) - z * y;

// contender: setUp(workload), train(rows, batch): an epoch in that order, lossOf(sample).
exports.obey = (contender) => {
  let orders, batch, samples;
  let epoch = 0;

  function answer(order) {
    if (order.sizes) {
      ({ orders, batch } = order);
      samples = order.y.length;
      contender.setUp(order);
    } else if (order.train) {
      for (let n = 0; n < order.train; n++) contender.train(orders[epoch++ % orders.length], batch);
    } else if (order.loss) {
      let total = 0;
      for (let p = 0; p < samples; p++) total += contender.lossOf(p);
      return { loss: total / samples };
    } else {
      return { memory: process.resourceUsage().maxRSS / 1024 };
    }
    return {};
  }

  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + "\n");
  });
};
