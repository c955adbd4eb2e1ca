import { readAnchors } from "./anchors";
import { hex, Malformed, type Bytes } from "./bytes";
import { judgeCheckpoint, readBundleCheckpoint } from "./checkpoints";
import { ContentReader } from "./contents";
import { DecisionCheck } from "./decisions/check";
import { LocalDecider, type Decider } from "./decisions/decider";
import { Heads } from "./heads";
import { Issuers } from "./issuers";
import { LogKeys } from "./log-keys";
import { readManifest, type Counts, type Manifest } from "./manifest";
import { Member, type MemberDigest } from "./member";
import type { Checkpoint } from "./note";
import { Notes } from "./notes";
import type { Observer } from "./observer";
import { readPolicy, type Judgement, type TrustPolicy } from "./policy";
import type { Instant } from "./record";
import { makeReport, type Report } from "./report";
import { Revocations } from "./revocations";
import { StatementReader } from "./statements";
import { Stop } from "./stop";
import { readSuccessions } from "./successions";
import type { Times } from "./times";
import { Trail } from "./trail";
import { TrustTimeline } from "./trust-changes";
import { readTrustStatements } from "./trust-statements";
import { readZip, type ByteSource, type Entry, type Name } from "./zip";

/** What recomputes decisions. */
export interface Recomputing {
  /** Where it is done; here, unless another is given. */
  readonly decider?: Decider;
  /** Policy engines besides the one that the bundle may bring: WebAssembly by SHA-256. */
  readonly engines?: ReadonlyMap<string, Bytes>;
}

/**
 * Verifies the bundle under the policy (its bytes; undefined: the bundle's own is believed, and trust is not pinned), as
 * docs/spec/verification.md says. Throws {@link Malformed} for a given policy that cannot be read. Everything about the bundle
 * is in the report.
 */
export async function verifyBundle(source: ByteSource, policy: Bytes | undefined, observer: Observer = {}, recomputing: Recomputing = {}): Promise<Report> {
  const given = policy ? readPolicy(policy) : undefined;
  const verification = new Verification(source, given, observer, recomputing);
  return verification.run();
}

/** The order in which a bundle's files are read. What each of them is held to is in the file of its own name. */
class Verification {
  readonly #source: ByteSource;
  readonly #given: TrustPolicy | undefined;
  readonly #observer: Observer;
  readonly #notes: Notes;
  readonly #decisions: DecisionCheck;
  readonly #members = new Map<Name, Member>();
  #entries: ReadonlyMap<Name, Entry> = new Map();
  #manifest: Manifest | undefined;
  #policy: TrustPolicy | undefined;
  #checkpoint: Checkpoint | undefined;
  #keys: LogKeys | undefined;
  #judgement: Judgement | undefined;
  #times: Times | undefined;
  #revocations: Revocations | undefined;
  #trail: Trail | undefined;
  #contents: ContentReader | undefined;
  #statements: StatementReader | undefined;
  #done = 0;

  constructor(source: ByteSource, given: TrustPolicy | undefined, observer: Observer, recomputing: Recomputing) {
    this.#source = source;
    this.#given = given;
    this.#policy = given;
    this.#observer = observer;
    this.#notes = new Notes((failure) => observer.failure?.(failure));
    this.#decisions = new DecisionCheck(recomputing.decider ?? new LocalDecider(), recomputing.engines ?? new Map<string, Bytes>(), (failure) => this.#notes.fail(failure));
  }

  async run(): Promise<Report> {
    let whole = false;
    try {
      await this.#read();
      whole = true;
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      this.#notes.fail(error.failure);
    }
    await this.#compareFiles();
    return makeReport({
      pinned: this.#given !== undefined,
      manifest: this.#manifest,
      policy: this.#policy,
      checkpoint: this.#checkpoint,
      judgement: this.#judgement,
      keys: this.#keys,
      times: this.#times,
      revoked: this.#revocations?.keys ?? [],
      trail: this.#trail,
      statements: this.#statements?.count ?? 0,
      contents: this.#contents?.count ?? 0,
      whole,
      integrity: this.#notes.integrity,
      completeness: this.#notes.completeness,
      corroboration: this.#notes.corroboration,
      decisions: this.#decisions.counts,
      warnings: this.#notes.warnings,
    });
  }

  #member(name: Name): Member {
    let member = this.#members.get(name);
    if (!member) {
      const keep = this.#observer.piece;
      member = new Member(this.#source, this.#entries.get(name)!, (bytes) => (this.#done += bytes), keep && ((piece) => keep.call(this.#observer, name, piece)));
      this.#members.set(name, member);
    }
    return member;
  }

  /** A file that a bundle need not have. */
  #optional(name: Name): Member | undefined {
    return this.#entries.has(name) ? this.#member(name) : undefined;
  }

  async #read(): Promise<void> {
    const notes = this.#notes, observer = this.#observer;
    this.#entries = await readZip(this.#source);
    const manifest = readManifest(await this.#member("manifest.json").all());
    this.#matchFiles(manifest);
    this.#manifest = manifest;
    const own = await this.#member("trust.policy").all();
    const policy = (this.#policy ??= this.#ownPolicy(own));
    const checkpoint = readBundleCheckpoint(await this.#member("checkpoint").all());
    const keys = (this.#keys = new LogKeys(policy, checkpoint.origin, checkpoint.size)), changed = this.#optional("keys.jsonl");
    const successions = changed ? await readSuccessions(changed, checkpoint, policy, keys, notes) : [];
    this.#checkpoint = checkpoint;
    const judgement = (this.#judgement = judgeCheckpoint(checkpoint, manifest.origin, policy, keys, notes));
    observer.checkpoint?.(checkpoint, judgement);
    const time: Instant | undefined = judgement.time === undefined ? undefined : { seconds: Number(judgement.time), micros: 0 };
    const timeline = new TrustTimeline(policy), issuers = new Issuers(policy, timeline, time, notes);
    await issuers.readCertificates(this.#member("certificates.jsonl"));
    const heads = await Heads.read(this.#member("heads.jsonl"), checkpoint, notes);
    const times = (this.#times = await readAnchors(this.#optional("anchors.jsonl"), checkpoint, judgement, policy, keys, notes));
    observer.times?.(times);
    const revocations = (this.#revocations = new Revocations(policy, times, notes)), changes = this.#optional("trust.jsonl");
    if (changes) await readTrustStatements(changes, checkpoint, issuers, timeline, revocations, notes);
    for (const { statement, line, latest, fail } of successions) {
      const key = await issuers.check(statement, line.index, issuers.ruleFor(statement), latest, fail);
      if (key !== undefined) revocations.check(statement.issuer, line.index, key, false);
    }
    const trail = (this.#trail = new Trail(manifest.trace, time, (failure) => notes.fail(failure), (warning) => notes.warn(warning)));
    const decisions = this.#decisions, policies = this.#optional("policies.jsonl"), engine = this.#optional("engine.wasm");
    if (policies) await decisions.readPolicies(policies, this.#member("policies.bin"));
    if (engine) await decisions.readEngine(engine, manifest);
    const lines = this.#optional("content.jsonl");
    const contents = (this.#contents = lines && new ContentReader(lines, this.#member("content.bin"), (failure) => notes.fail(failure)));
    await contents?.begin();
    const statements = (this.#statements = new StatementReader(this.#member("statements.bin"), this.#member("proofs.jsonl"), this.#member("records.jsonl"), {
      newest: checkpoint, heads, issuers, revocations, times, trail, contents, decisions, notes, observer,
      progress: () => observer.progress?.(this.#done, this.#source.size),
    }));
    await statements.read();
    await contents?.end();
    decisions.finish();
    trail.end();
    this.#matchCounts(manifest.counts, {
      statements: statements.count,
      records: trail.records,
      heads: this.#member("heads.jsonl").lines,
      certificates: this.#member("certificates.jsonl").lines,
      contents: contents?.count ?? 0,
    });
  }

  /** The manifest lists the zip's files, in their order and with their sizes (§2). */
  #matchFiles(manifest: Manifest): void {
    const found = [...this.#entries.values()].filter((entry) => entry.name !== "manifest.json").map((entry) => `${entry.name} of ${entry.size} bytes`);
    const listed = manifest.files.map((file) => `${file.name} of ${file.bytes} bytes`);
    if (found.join("\n") !== listed.join("\n")) throw new Stop("manifest-mismatch", "manifest", "manifest.json", `the files of the zip: ${found.join(", ")}`, listed.join(", "));
  }

  #matchCounts(counts: Counts, found: Counts): void {
    for (const name of Object.keys(found) as (keyof Counts)[]) {
      if (counts[name] !== found[name]) {
        this.#notes.fail({ code: "manifest-mismatch", subject: { kind: "manifest", id: "manifest.json" }, expected: `${found[name]} ${name}, as there are`, found: `${counts[name]}` });
      }
    }
  }

  #ownPolicy(bytes: Bytes): TrustPolicy {
    try {
      return readPolicy(bytes);
    } catch (error) {
      if (error instanceof Malformed) throw new Stop("trust-policy-malformed", "file", "trust.policy", "a trust policy", error.message);
      throw error;
    }
  }

  /**
   * Reads what was not read, and compares every file with the manifest, and with its CRC where the manifest agrees (§1, end).
   * Without a manifest that describes the zip there is nothing to compare with.
   */
  async #compareFiles(): Promise<void> {
    if (!this.#manifest) return;
    const listed = new Map(this.#manifest.files.map((file) => [file.name, file.sha256]));
    for (const [name, entry] of this.#entries) {
      let digest: MemberDigest;
      try {
        digest = await this.#member(name).finish();
      } catch (error) {
        if (!(error instanceof Stop)) throw error;
        if (!this.#notes.integrity.has(error.failure.code, error.failure.subject.id)) this.#notes.fail(error.failure);
        continue;
      }
      const subject = { kind: "file", id: name } as const, expected = listed.get(name), found = hex(digest.sha256);
      if (expected !== undefined && expected !== found) this.#notes.fail({ code: "file-digest", subject, expected, found });
      else if (digest.crc !== entry.crc) this.#notes.fail({ code: "zip-corrupt", subject, expected: `the CRC-32 ${entry.crc.toString(16)}`, found: digest.crc.toString(16) });
    }
  }
}
