using System.Diagnostics;
using Cairn.Bench.Limits;
using Cairn.Bench.Measuring;
using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Witnessing;
using Cairn.Witness;
using Cairn.Witness.Serving;

namespace Cairn.Bench.Proof;

/// <summary>What a cosignature costs a ledger: add-checkpoint over loopback, one request after the other, each from the size before.</summary>
internal static class WitnessSection
{
    public static async Task<IReadOnlyList<Row>> MeasureAsync(Options options, MachineLimits limits)
    {
        const string Origin = "bench.example/ledger";
        var calls = options.Quick ? 200 : 1000;
        using var ed25519 = CheckpointSigner.Generate(KeyType.Ed25519, Origin);
        using var mldsa = CheckpointSigner.Generate(KeyType.MlDsa44, Origin);
        PolicyLog[] logs = [new(ed25519.VerifierKey, null), new(mldsa.VerifierKey, null)];
        var requests = Requests(2 * calls, Origin, ed25519, mldsa);

        var directory = WitnessDirectory.Create(Path.Combine(options.Data, "witness"), "bench.example/w");
        double[] overHttp;
        await using (var server = await WitnessServer.StartAsync(new WitnessServerOptions { Path = directory.Root, Logs = logs, Url = "http://127.0.0.1:0" }, default))
        {
            overHttp = await OverHttpAsync(new Uri(server.Address, "add-checkpoint"), requests[..calls]);
        }

        using var cosigner = Cosigner.Open(directory, logs, TimeProvider.System, static _ => { });
        var alone = requests[calls..].Select(request => Seconds(() => Require(cosigner.Add(request).Status))).ToArray();
        var limit = new Beside(limits.Append.Median, "append of 4 KiB and fsync");
        return
        [
            Row("witness.add-checkpoint", "add-checkpoint over loopback, cosigned by both keys, durable first", overHttp, limit),
            Row("witness.cosign", "the same without HTTP: two signatures checked, proof, two signatures made, one commit", alone, limit),
        ];
    }

    private static Row Row(string id, string what, double[] seconds, Beside limit)
    {
        var times = new Distribution(seconds.AsSpan(seconds.Length / 10)); // the first tenth is compilation
        return new Row(id, what, Unit.Time, Better.Lower, times.Median, limit) { Details = [("p99", times.P99, Unit.Time), ("requests", times.Count, null)] };
    }

    private static List<byte[]> Requests(int count, string origin, CheckpointSigner ed25519, CheckpointSigner mldsa)
    {
        var leaves = new Digest[count];
        for (var i = 0; i < count; i++)
        {
            leaves[i] = MerkleHash.Leaf(BitConverter.GetBytes(i));
        }

        var requests = new List<byte[]>(count);
        for (var size = 1; size <= count; size++)
        {
            var tree = leaves.AsSpan(0, size);
            var checkpoint = new Checkpoint(origin, size, MerkleTree.Root(tree));
            var note = new SignedNote(checkpoint.Body, [ed25519.Sign(checkpoint, DateTimeOffset.UtcNow), mldsa.Sign(checkpoint, DateTimeOffset.UtcNow)]);
            requests.Add(new AddCheckpointRequest(size - 1, MerkleTree.ConsistencyPath(tree, size - 1), note).Encode());
        }

        return requests;
    }

    private static async Task<double[]> OverHttpAsync(Uri address, List<byte[]> requests)
    {
        using var http = new HttpClient();
        var seconds = new double[requests.Count];
        for (var i = 0; i < requests.Count; i++)
        {
            using var content = new ByteArrayContent(requests[i]);
            var start = Stopwatch.GetTimestamp();
            using var response = await http.PostAsync(address, content);
            await response.Content.ReadAsByteArrayAsync();
            seconds[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Require((int)response.StatusCode);
        }

        return seconds;
    }

    private static double Seconds(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Require(int status)
    {
        if (status != 200)
        {
            throw new BenchException($"the witness answered {status}");
        }
    }
}
