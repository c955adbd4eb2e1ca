using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Tests.Checkpoints;
using Cairn.Evidence.Tests.Vectors;

namespace Cairn.Evidence.Tests.Receipts;

/// <summary>Makes docs/spec/vectors/receipts.</summary>
public class ReceiptVectors
{
    private static readonly byte[][] Entries = [.. Enumerable.Range(0, 11).Select(i => Encoding.UTF8.GetBytes($"entry {i}"))];
    private static readonly Digest[] Leaves = [.. Entries.Select(entry => MerkleHash.Leaf(entry))];

    [Fact]
    public void Committed_receipt_vectors_are_what_this_code_makes()
    {
        var files = new Dictionary<string, byte[]>
        {
            ["4-of-11.tlog-proof"] = Proof(4, 11).Encode(),
            ["10-of-11.tlog-proof"] = Proof(10, 11).Encode(),
            ["0-of-1.tlog-proof"] = Proof(0, 1).Encode(),
            ["extra.tlog-proof"] = (Proof(4, 11) with { Extra = "not authenticated"u8.ToArray() }).Encode(),
            ["path-too-short.tlog-proof"] = Shorter(Proof(4, 11)).Encode(),
            ["path-too-long.tlog-proof"] = Longer(Proof(4, 11)).Encode(),
            ["another-index.tlog-proof"] = (Proof(4, 11) with { Index = 5 }).Encode(),
            ["another-root.tlog-proof"] = (Proof(4, 11) with { Checkpoint = Note(10) }).Encode(),
        };
        files["verify.json"] = VectorFiles.Encode(new
        {
            Rule = "the leaf is SHA-256(0x00 || entry); entry is hexadecimal; signatures are those of ../checkpoints/keys.json",
            Cases = new[]
            {
                Case("4-of-11", 4, true), Case("4-of-11", 5, false), Case("10-of-11", 10, true), Case("0-of-1", 0, true), Case("0-of-1", 1, false),
                Case("extra", 4, true), Case("path-too-short", 4, false), Case("path-too-long", 4, false), Case("another-index", 4, false), Case("another-root", 4, false),
            },
        });
        files["malformed.json"] = VectorFiles.Encode(new { Cases = Malformed() });

        VectorFiles.AssertCommitted("receipts", files.Concat(CoseReceiptVectors.Files()).ToDictionary());
    }

    private static object Case(string file, int entry, bool proves) =>
        new { File = $"{file}.tlog-proof", Entry = Convert.ToHexStringLower(Entries[entry]), Proves = proves };

    private static IEnumerable<object> Malformed()
    {
        var text = Encoding.UTF8.GetString(Proof(4, 11).Encode());
        yield return Edit("another version", "proof@v1", "proof@v2");
        yield return Edit("index with a leading zero", "index 4", "index 04");
        yield return Edit("negative index", "index 4", "index -4");
        yield return Edit("index of 2^63", "index 4", "index 9223372036854775808");
        yield return Edit("no index", "index 4\n", "");
        yield return Edit("extra after index", "index 4\n", "index 4\nextra AQI=\n");
        yield return Edit("two extra lines", "index 4\n", "extra AQI=\nextra AQI=\nindex 4\n");
        yield return Edit("extra with a used spare bit", "index 4\n", "extra AQJ=\nindex 4\n");
        yield return Edit("hash of 31 bytes", "index 4\n", $"index 4\n{Convert.ToBase64String(new byte[31])}\n");
        yield return Edit("64 hashes", "index 4\n", "index 4\n" + string.Concat(Enumerable.Repeat($"{Leaves[0].ToBase64()}\n", 64)));
        yield return Edit("carriage returns", "index 4\n", "index 4\r\n");
        yield return new { Name = "no checkpoint", Text = text[..(text.IndexOf("\n\n", StringComparison.Ordinal) + 2)] };

        object Edit(string name, string old, string with) => new { Name = name, Text = text.Replace(old, with, StringComparison.Ordinal) };
    }

    private static TlogProof Proof(int index, int size) => new(index, MerkleTree.InclusionPath(Leaves.AsSpan(0, size), index), Note(size));

    private static TlogProof Shorter(TlogProof proof) => proof with { Path = [.. proof.Path.SkipLast(1)] };

    private static TlogProof Longer(TlogProof proof) => proof with { Path = [.. proof.Path, Leaves[0]] };

    private static SignedNote Note(int size) =>
        TestKeys.Sign(new Checkpoint(TestKeys.Origin, size, MerkleTree.Root(Leaves.AsSpan(0, size))), TestKeys.Log, TestKeys.LogMlDsa, TestKeys.WitnessA);
}
