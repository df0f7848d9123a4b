// The page's own numbers above the live view. Streamlit draws them anew every second; between
// two drawings they are kept at what the live view shows, so that no two numbers disagree.

import { lossText, metricText } from "./text.js";

/**
 * Write a frame's numbers into the metrics and the step beside them (transport.py). Only the text
 * of the nodes that Streamlit made is changed: it goes on with them, and were they not found, its
 * own drawings alone would be seen.
 * @param {object} header of a frame; without losses (nothing is computed yet) nothing is written
 */
export function writeReadings({ step, epoch, train_loss: train, test_loss: test, metric }) {
  if (train === undefined) return;
  write(value("epoch"), () => grouped(String(Math.floor(epoch)).padStart(6, "0")));
  write(value("train_loss"), () => lossText(train));
  write(value("test_loss"), () => lossText(test));
  if (metric) write(value(metric.name), () => metricText(metric.name, metric.test));
  write(".st-key-said [data-testid=stCaptionContainer] p", (text) =>
    text.replace(/\d[\d,]*/, grouped(String(step))));
}

const value = (name) => `.st-key-metric_${name} [data-testid=stMetricValue] p`;

const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

function write(selector, say) {
  const node = document.querySelector(selector)?.firstChild;
  if (node?.nodeType !== Node.TEXT_NODE) return;
  const text = say(node.nodeValue);
  if (node.nodeValue !== text) node.nodeValue = text;
}
