using Cairn.Evidence;
using Cairn.Evidence.Bundles;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Records;
using Cairn.Evidence.Statements;
using Cairn.Evidence.Trust;

namespace Cairn.Bench.Verification;

/// <summary>What a verifier of a bundle can't do without, by itself.</summary>
/// <param name="bundle">The bundle's file, which is good.</param>
/// <param name="policy">The policy that verifies it.</param>
internal sealed class VerifyLimits(string bundle, TrustPolicy policy)
{
    private readonly List<SignedStatement> _statements = Statements(bundle);

    /// <summary>The file's bytes from disk, or from what the system remembers of it.</summary>
    public void Read()
    {
        var buffer = new byte[1 << 20];
        using var file = Open(bundle);
        while (file.Read(buffer) > 0)
        {
        }
    }

    /// <summary>Those, and each member inflated, with its SHA-256 and CRC-32.</summary>
    public void Members() => Members(static _ => { });

    /// <summary>Those, and of each record its leaf hash and one hash of a tree's node.</summary>
    public void Hashes()
    {
        var node = default(Digest);
        Members(records =>
        {
            var lines = new LineReader(records, BundleFiles.Records, IJson.MaxRecordBytes);
            while (lines.TryRead(out var line))
            {
                node = MerkleHash.Node(node, MerkleHash.Leaf(line));
            }
        });
    }

    /// <summary>Each statement's signature.</summary>
    public void Signatures()
    {
        using var key = _statements[0] is { X5Chain: [var leaf, ..] }
            ? StatementKey.FromCertificate(leaf.Span)
            : StatementKey.FromSpki(policy.RuleFor(_statements[0].Issuer, new Digest(_statements[0].KeyId!.Value.Span))!.SubjectPublicKeyInfo!.Value.Span);
        if (!_statements.TrueForAll(statement => statement.Verify(key)))
        {
            throw new BenchException("a signature of a good bundle does not verify");
        }
    }

    internal static FileStream Open(string bundle) => new(bundle, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);

    private void Members(Action<ZipFileStream> ofRecords)
    {
        var buffer = new byte[1 << 16];
        using var file = Open(bundle);
        foreach (var entry in ZipDirectory.Read(file, long.MaxValue))
        {
            using var member = new ZipFileStream(file, entry);
            if (entry.Name == BundleFiles.Records)
            {
                ofRecords(member);
            }

            while (member.Read(buffer) > 0)
            {
            }
        }
    }

    private static List<SignedStatement> Statements(string bundle)
    {
        using var file = Open(bundle);
        using var member = new ZipFileStream(file, ZipDirectory.Read(file, long.MaxValue).Single(entry => entry.Name == BundleFiles.Statements));
        var (reader, statements) = (new StatementReader(member), new List<SignedStatement>());
        while (reader.Read() is { } bytes)
        {
            statements.Add(SignedStatement.Decode(bytes));
        }

        return statements;
    }
}
