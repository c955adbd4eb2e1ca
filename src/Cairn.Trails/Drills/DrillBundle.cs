using Cairn.Evidence;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Trust;

namespace Cairn.Trails.Drills;

/// <summary>A statement in a bundle, with its proof and those of its records that are there.</summary>
internal sealed record DrillStatement(SignedStatement Statement, StatementProof Proof, byte[][] Records);

/// <summary>The parts of a bundle before they are packed; an attack is another set of parts. Packing always makes a manifest that fits.</summary>
internal sealed record DrillBundle(TraceId Trace, SignedNote Checkpoint, TrustPolicy Policy, DateTimeOffset Created)
{
    public IReadOnlyList<DrillStatement> Statements { get; init; } = [];

    public IReadOnlyList<HeadProof> Heads { get; init; } = [];

    public IReadOnlyList<CertificateChain> Certificates { get; init; } = [];

    /// <summary>The changes of the log's keys, by ascending size.</summary>
    public IReadOnlyList<SuccessionEvidence> Successions { get; init; } = [];

    public IReadOnlyList<Anchor> Anchors { get; init; } = [];

    public IReadOnlyList<TrustEvidence> Trust { get; init; } = [];

    /// <summary>What stands in for the pages for people, so that the drill has their bytes too; null leaves them out.</summary>
    public byte[]? Page { get; init; }

    /// <summary>The bundle's bytes.</summary>
    public byte[] Pack()
    {
        using var assembler = new BundleAssembler(_ => new MemoryStream());
        foreach (var one in Statements)
        {
            assembler.Add(one.Statement, one.Proof, one.Records.Select(record => (ReadOnlyMemory<byte>)record));
        }

        foreach (var head in Heads)
        {
            assembler.Add(head);
        }

        foreach (var succession in Successions)
        {
            assembler.Add(succession);
        }

        foreach (var chain in Certificates)
        {
            assembler.Add(chain);
        }

        foreach (var anchor in Anchors)
        {
            assembler.Add(anchor);
        }

        foreach (var trust in Trust)
        {
            assembler.Add(trust);
        }

        if (Page is { } page)
        {
            assembler.AddReport(page);
            assembler.AddVerifier(page);
        }

        using var output = new MemoryStream();
        assembler.Finish(output, Trace, Checkpoint, Policy, Created);
        return output.ToArray();
    }
}
