// SPDX-License-Identifier: MIT
// The Prometheus text format, read strictly.

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (-?[0-9.e+]+|NaN|[+-]Inf)$/;

/** A map from a sample's name with labels, as written, to its number; types by metric name. */
export function parseMetrics(text) {
  if (!text.endsWith('\n')) throw new Error('the last line has no newline');
  const samples = new Map();
  const types = new Map();
  const helps = new Set();
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = line.match(/^# (HELP|TYPE) (\S+) (.+)$/);
    if (comment?.[1] === 'HELP') helps.add(comment[2]);
    else if (comment) types.set(comment[2], comment[3]);
    else addSample(samples, types, line);
  }
  return { samples, types, helps };
}

function addSample(samples, types, line) {
  const match = line.match(SAMPLE);
  if (!match) throw new Error(`not a sample: ${JSON.stringify(line)}`);
  if (!types.has(match[1])) throw new Error(`a sample before its TYPE: ${match[1]}`);
  const key = match[1] + (match[2] ?? '');
  if (samples.has(key)) throw new Error(`twice: ${key}`);
  samples.set(key, Number(match[3]));
}
