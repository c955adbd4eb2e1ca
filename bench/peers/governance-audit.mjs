// The peer: AuditLogger of @microsoft/agent-governance-sdk, called as its audit.d.ts says. It keeps a SHA-256 hash chain
// in memory: no signature, no disk, no record content beyond the three strings given. Prints one JSON object.
//
//   node governance-audit.mjs ENTRIES
import { createRequire } from 'node:module';
import { AuditLogger } from '@microsoft/agent-governance-sdk';

const { version } = createRequire(import.meta.url)('@microsoft/agent-governance-sdk/package.json');
const count = Number(process.argv[2]);
if (!Number.isSafeInteger(count) || count < 1000) {
  console.error('usage: node governance-audit.mjs ENTRIES (at least 1000)');
  process.exit(2);
}

const entry = { agentId: 'spiffe://cairn.local/agent/bench', action: 'tool.call mcp://everything/echo', decision: 'allow' };

/** Appends `entries` to a new log that never evicts; returns the log and what each append cost. */
function append(entries) {
  const log = new AuditLogger({ maxEntries: entries + 1 });
  const nanoseconds = new Float64Array(entries);
  const started = process.hrtime.bigint();
  for (let i = 0; i < entries; i++) {
    const before = process.hrtime.bigint();
    log.log(entry);
    nanoseconds[i] = Number(process.hrtime.bigint() - before);
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  return { log, nanoseconds: nanoseconds.sort(), seconds };
}

append(Math.min(count, 20_000)); // warm-up
const runs = [append(count), append(count), append(count)].sort((a, b) => a.seconds - b.seconds);
const { log, nanoseconds, seconds } = runs[1];

const started = process.hrtime.bigint();
if (!log.verify()) {
  throw new Error('the peer does not verify its own log');
}
const verifySeconds = Number(process.hrtime.bigint() - started) / 1e9;

// As it comes it keeps 10,000 entries and throws the oldest away: what an append costs from then on.
const evicting = new AuditLogger();
const evictions = 2_000;
for (let i = 0; i < 10_000; i++) {
  evicting.log(entry);
}
const evictingFrom = process.hrtime.bigint();
for (let i = 0; i < evictions; i++) {
  evicting.log(entry);
}
const evictingSeconds = Number(process.hrtime.bigint() - evictingFrom) / 1e9;

console.log(JSON.stringify({
  version,
  node: process.version,
  entries: count,
  median_ns: nanoseconds[Math.floor(count / 2)],
  p99_ns: nanoseconds[Math.floor(count * 0.99)],
  appends_per_second: count / seconds,
  verified_per_second: count / verifySeconds,
  appends_per_second_as_it_comes: evictions / evictingSeconds,
}));
