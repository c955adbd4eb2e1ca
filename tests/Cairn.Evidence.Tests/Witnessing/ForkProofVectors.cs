using System.Text;
using System.Text.Json;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tests.Checkpoints;
using Cairn.Evidence.Tests.Tiles;
using Cairn.Evidence.Tests.Vectors;
using Cairn.Evidence.Tiles;
using Cairn.Evidence.Witnessing;

namespace Cairn.Evidence.Tests.Witnessing;

/// <summary>Makes docs/spec/vectors/witnessing, and reads it as a stranger would.</summary>
public class ForkProofVectors
{
    [Fact]
    public async Task Committed_fork_vectors_are_what_this_code_makes()
    {
        var (same, uneven, power) = (await ForkAsync(7, 7), await ForkAsync(5, 11), await ForkAsync(8, 13));
        var files = new Dictionary<string, byte[]>
        {
            ["same-size.json"] = same.Encode(),
            ["5-to-11.json"] = uneven.Encode(),
            ["8-to-13.json"] = power.Encode(),
            ["extension.json"] = Extension(5, 11).Encode(),
            ["power-without-its-first-node.json"] = (power with { Prefix = [.. power.Prefix.Skip(1)] }).Encode(),
            ["path-too-long.json"] = (uneven with { Prefix = [.. uneven.Prefix, MerkleHash.EmptyTree] }).Encode(),
            ["no-path.json"] = (uneven with { Prefix = [] }).Encode(),
            ["strangers-signature.json"] = (same with { Newer = TestKeys.Sign(Checkpoint.Of(same.Newer), TestKeys.Stranger) }).Encode(),
            ["moved-signature.json"] = (same with { Newer = new SignedNote(same.Newer.Body, same.Older.Signatures) }).Encode(),
        };
        files["verify.json"] = VectorFiles.Encode(new
        {
            Rule = "docs/spec/witnessing.md §6; the log's keys are log and log_ml_dsa of ../checkpoints/keys.json",
            Cases = new[] { Case("same-size", true), Case("5-to-11", true), Case("8-to-13", true), Case("extension", false), Case("power-without-its-first-node", false), Case("path-too-long", false), Case("no-path", false), Case("strangers-signature", false), Case("moved-signature", false) },
        });
        files["malformed.json"] = VectorFiles.Encode(new { Cases = Malformed(Encoding.UTF8.GetString(same.Encode())) });

        VectorFiles.AssertCommitted("witnessing", files);
    }

    [Fact]
    public void Fork_proofs_prove_what_the_vectors_say() =>
        Assert.All(VectorFiles.Json("witnessing/verify.json").GetProperty("cases").EnumerateArray(), item =>
        {
            var proof = ForkProof.Parse(VectorFiles.Bytes($"witnessing/{item.GetProperty("file").GetString()}"));

            Assert.Equal(item.GetProperty("proven").GetBoolean(), ForkVerdict.Of(proof, [TestKeys.Log.VerifierKey, TestKeys.LogMlDsa.VerifierKey], []).IsProven);
        });

    [Fact]
    public void Malformed_fork_proofs_are_refused() =>
        Assert.All(VectorFiles.Json("witnessing/malformed.json").GetProperty("cases").EnumerateArray(), item =>
            Assert.Throws<EvidenceFormatException>(() => ForkProof.Parse(Encoding.UTF8.GetBytes(item.GetProperty("text").GetString()!))));

    private static object Case(string file, bool proven) => new { File = $"{file}.json", Proven = proven };

    private static IEnumerable<object> Malformed(string text)
    {
        yield return Edit("another format", "proof/1", "proof/2");
        yield return Edit("a member more", "\"prefix\": []", "\"prefix\": [],\n  \"more\": 1");
        yield return Edit("a member twice", "\"prefix\": []", "\"prefix\": [],\n  \"prefix\": []");
        yield return Edit("no prefix", ",\n  \"prefix\": []", "");
        yield return Edit("a hash of 31 bytes", "\"prefix\": []", $"\"prefix\": [\"{Convert.ToBase64String(new byte[31])}\"]");
        yield return Edit("65 hashes", "\"prefix\": []", $"\"prefix\": [{string.Join(',', Enumerable.Repeat($"\"{MerkleHash.EmptyTree.ToBase64()}\"", 65))}]");
        yield return Edit("a note that is none", "\"newer\": \"", "\"newer\": \"\\t");
        yield return Edit("trailing text", "}\n", "}}\n");

        object Edit(string name, string old, string with) => text.Contains(old, StringComparison.Ordinal)
            ? new { Name = name, Text = text.Replace(old, with, StringComparison.Ordinal) }
            : throw new InvalidOperationException($"{name} changes nothing");
    }

    private static Digest[] Leaves(int count, string history) =>
        [.. Enumerable.Range(0, count).Select(i => MerkleHash.Leaf(Encoding.UTF8.GetBytes(i < 3 ? $"entry {i}" : $"{history} {i}")))];

    private static async Task<ForkProof> ForkAsync(int older, int newer)
    {
        var (first, second) = (Leaves(older, "entry"), Leaves(newer, "other"));
        return (await ForkProof.FindAsync(Sign(first), Sign(second), new TileTree(new TileStore().Grow(second)), TestContext.Current.CancellationToken))!;
    }

    private static ForkProof Extension(int older, int newer)
    {
        var leaves = Leaves(newer, "entry");
        return new ForkProof(Sign(leaves[..older]), Sign(leaves), MerkleTree.ConsistencyPath(leaves, older));
    }

    private static SignedNote Sign(Digest[] leaves) => TestKeys.Sign(new Checkpoint(TestKeys.Origin, leaves.Length, MerkleTree.Root(leaves)), TestKeys.Log, TestKeys.LogMlDsa);
}
