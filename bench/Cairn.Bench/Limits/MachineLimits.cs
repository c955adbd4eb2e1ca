using System.Security.Cryptography;
using Cairn.Bench.Measuring;
using Cairn.Evidence;

namespace Cairn.Bench.Limits;

/// <summary>
/// What this machine does at best, each thing measured alone on one thread in the same run: no design gets below these.
/// All in seconds for one. Hashes go the fastest way to the crypto library that there is (decision 0015).
/// </summary>
/// <param name="RecordHash">SHA-256 of one byte and a record: a Merkle leaf.</param>
/// <param name="NodeHash">SHA-256 of 65 bytes: a Merkle node.</param>
/// <param name="Verify">One ES256 signature checked by .NET (OpenSSL).</param>
/// <param name="Append">Append of 4 KiB and fsync.</param>
/// <param name="WriteByte">One byte of a sequential write of 64 MiB in pieces of 1 MiB, with one fsync at the end.</param>
internal sealed record MachineLimits(double RecordHash, double NodeHash, double Verify, Distribution Append, double WriteByte)
{
    /// <summary>A Merkle tree has one node fewer than it has leaves.</summary>
    public double HashedRecord => RecordHash + NodeHash;

    /// <summary>Measures them.</summary>
    /// <param name="recordBytes">The record's length.</param>
    /// <param name="directory">On the disk that the ledger is measured on.</param>
    /// <param name="quick">Fewer repetitions.</param>
    public static MachineLimits Measure(int recordBytes, string directory, bool quick)
    {
        var runs = quick ? 3 : 7;
        return new MachineLimits(
            Hash(recordBytes + 1, runs, quick),
            Hash(65, runs, quick),
            VerifySignature(runs, quick),
            AppendAndSync(directory, quick ? 300 : 1500),
            SequentialWrite(directory));
    }

    private static double Hash(int bytes, int runs, bool quick)
    {
        var buffer = RandomNumberGenerator.GetBytes(bytes);
        return Repeat.SecondsPerCall(runs, quick ? 50_000 : 300_000, () => Digest.Sha256(buffer));
    }

    private static double VerifySignature(int runs, bool quick)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var data = RandomNumberGenerator.GetBytes(512);
        var signature = key.SignData(data, HashAlgorithmName.SHA256);
        return Repeat.SecondsPerCall(runs, quick ? 1_000 : 5_000, () =>
        {
            if (!key.VerifyData(data, signature, HashAlgorithmName.SHA256))
            {
                throw new BenchException("a signature just made does not verify");
            }
        });
    }

    private static Distribution AppendAndSync(string directory, int calls)
    {
        var path = Path.Combine(directory, "append.limit");
        var block = RandomNumberGenerator.GetBytes(4096);
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose);
        long end = 0;
        return Repeat.Each(calls / 10, calls, () =>
        {
            RandomAccess.Write(file, block, end);
            RandomAccess.FlushToDisk(file);
            end += block.Length;
        });
    }

    private static double SequentialWrite(string directory)
    {
        const int piece = 1 << 20;
        const int pieces = 64;
        var path = Path.Combine(directory, "write.limit");
        var block = RandomNumberGenerator.GetBytes(piece);
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.DeleteOnClose);
        return Repeat.SecondsPerCall(3, 1, () =>
        {
            for (var i = 0; i < pieces; i++)
            {
                RandomAccess.Write(file, block, (long)i * piece);
            }

            RandomAccess.FlushToDisk(file);
        }) / ((double)piece * pieces);
    }
}
