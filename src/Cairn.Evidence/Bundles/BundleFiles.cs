namespace Cairn.Evidence.Bundles;

/// <summary>The files of an evidence bundle, in the order in which they stand in the zip (docs/spec/bundle.md §3).</summary>
public static class BundleFiles
{
    /// <summary>What the bundle holds: trail, origin, counts, and each other file's size and SHA-256.</summary>
    public const string Manifest = "manifest.json";

    /// <summary>The signed checkpoint that everything is proven under.</summary>
    public const string Checkpoint = "checkpoint";

    /// <summary>The exporter's own view of whom to trust. Informative: a verifier brings its own.</summary>
    public const string TrustPolicy = "trust.policy";

    /// <summary>The changes of trust bundles that the ledger holds, each with its proof; in bundles of ledgers that have some.</summary>
    public const string Trust = "trust.jsonl";

    /// <summary>The successions of the log's own keys, each with its proof; in bundles of ledgers that had some.</summary>
    public const string Keys = "keys.jsonl";

    /// <summary>Checkpoints with independent times; in bundles of ledgers that have some.</summary>
    public const string Anchors = "anchors.jsonl";

    /// <summary>Certificate chains that statements name by hash.</summary>
    public const string Certificates = "certificates.jsonl";

    /// <summary>Consistency proofs for the tree heads that statements name.</summary>
    public const string Heads = "heads.jsonl";

    /// <summary>The signed statements, in ledger order.</summary>
    public const string Statements = "statements.bin";

    /// <summary>For each statement its index, its inclusion path and which of its records are here.</summary>
    public const string Proofs = "proofs.jsonl";

    /// <summary>The trail's records, one on a line.</summary>
    public const string Records = "records.jsonl";

    /// <summary>Which contents are disclosed, with their commitment keys.</summary>
    public const string ContentIndex = "content.jsonl";

    /// <summary>The disclosed contents.</summary>
    public const string Content = "content.bin";

    /// <summary>Which policy bundles the decisions were made under.</summary>
    public const string PolicyIndex = "policies.jsonl";

    /// <summary>These policy bundles, sealed.</summary>
    public const string Policies = "policies.bin";

    /// <summary>The policy engine's WebAssembly, for verifiers that have none of their own.</summary>
    public const string Engine = "engine.wasm";

    /// <summary>The trail for people to read. Nothing is verified by it, and whoever made the bundle can have written anything there.</summary>
    public const string Report = "report.html";

    /// <summary>A verifier for browsers, for convenience. Whoever made the bundle can have put another in its place.</summary>
    public const string Verifier = "verify.html";

    /// <summary>The format that <see cref="BundleManifest"/> names.</summary>
    public const string Format = "cairn-bundle/1";

    /// <summary>All names, in order.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Manifest, Checkpoint, TrustPolicy, Trust, Keys, Certificates, Heads, Anchors, Statements, Proofs, Records, ContentIndex, Content, PolicyIndex, Policies, Engine, Report, Verifier];

    /// <summary>The names that every bundle has; the two of disclosed content come both or not at all, and so do the two of policy bundles; changes of trust, successions of keys, anchors, the engine and the two pages may come.</summary>
    public static IReadOnlyList<string> Required { get; } = [.. All.Where(name => name is not (Trust or Keys or Anchors or ContentIndex or Content or PolicyIndex or Policies or Engine or Report or Verifier))];
}
