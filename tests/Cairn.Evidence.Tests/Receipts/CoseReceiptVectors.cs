using System.Formats.Cbor;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Receipts;
using Cairn.Evidence.Tests.Checkpoints;
using Cairn.Evidence.Tests.Vectors;

namespace Cairn.Evidence.Tests.Receipts;

/// <summary>Makes the COSE part of docs/spec/vectors/receipts.</summary>
internal static class CoseReceiptVectors
{
    public static Dictionary<string, byte[]> Files()
    {
        var files = new Dictionary<string, byte[]>
        {
            ["inclusion-eddsa.cose"] = ReceiptBench.Inclusion(TestKeys.Log).Bytes.ToArray(),
            ["inclusion-ml-dsa-44.cose"] = ReceiptBench.Inclusion(TestKeys.LogMlDsa).Bytes.ToArray(),
            ["inclusion-of-one.cose"] = ReceiptBench.Inclusion(TestKeys.Log, 0, 1).Bytes.ToArray(),
            ["inclusion-another-index.cose"] = ReceiptBench.Inclusion(TestKeys.Log, 5).Bytes.ToArray(),
            ["inclusion-stranger.cose"] = ReceiptBench.Inclusion(TestKeys.Stranger).Bytes.ToArray(),
            ["consistency-4-to-11.cose"] = ReceiptBench.Consistency(TestKeys.Log, 4, 11).Bytes.ToArray(),
            ["transparent.cose"] = ReceiptBench.Transparent().Encode(),
        };
        files["cose.json"] = VectorFiles.Encode(new
        {
            Rule = "the leaf is SHA-256(0x00 || entry); hexadecimal; keys are those of ../checkpoints/keys.json",
            Keys = new[] { Key("log", TestKeys.Log), Key("log_ml_dsa", TestKeys.LogMlDsa) },
            Inclusion = new[]
            {
                Case("inclusion-eddsa", ReceiptBench.At, "log", true), Case("inclusion-eddsa", ReceiptBench.At, "log_ml_dsa", false), Case("inclusion-eddsa", 5, "log", false),
                Case("inclusion-ml-dsa-44", ReceiptBench.At, "log_ml_dsa", true), Case("inclusion-ml-dsa-44", 5, "log_ml_dsa", false),
                Case("inclusion-of-one", 0, "log", true), Case("inclusion-another-index", ReceiptBench.At, "log", false),
                Case("inclusion-another-index", 5, "log", true), Case("inclusion-stranger", ReceiptBench.At, "log", false),
            },
            Consistency = new[] { Extends(ReceiptBench.HeadOf(4).Root, true), Extends(ReceiptBench.HeadOf(5).Root, false) },
            Transparent = new { File = "transparent.cose", Statement = Convert.ToHexStringLower(ReceiptBench.Statement.Bytes.Span) },
            Malformed = Malformed(),
        });
        return files;
    }

    private static object Key(string name, CheckpointSigner signer) => new
    {
        Key = name, CoseKey = Convert.ToHexStringLower(CoseKey.Encode(signer.VerifierKey)), Thumbprint = CoseKey.Thumbprint(signer.VerifierKey).ToString(),
    };

    private static object Case(string file, int entry, string key, bool proves) =>
        new { File = $"{file}.cose", Entry = Convert.ToHexStringLower(ReceiptBench.Entries[entry]), Key = key, Proves = proves };

    private static object Extends(Digest older, bool proves) => new
    {
        File = "consistency-4-to-11.cose", OlderRoot = older.ToString(), NewerRoot = ReceiptBench.Head.Root.ToString(), Key = "log", Proves = proves,
    };

    private static IEnumerable<object> Malformed()
    {
        var header = Pairs(w => Pair(w, 1, -8), w => Pair(w, 395, 1));
        var proof = Proof(3, 1, 2);
        yield return Of("no tag", Receipt(header, proof, tag: null));
        yield return Of("another tag", Receipt(header, proof, tag: 98));
        yield return Of("no vds", Receipt(Pairs(w => Pair(w, 1, -8)), proof));
        yield return Of("another vds", Receipt(Pairs(w => Pair(w, 1, -8), w => Pair(w, 395, 2)), proof));
        yield return Of("no alg", Receipt(Pairs(w => Pair(w, 395, 1)), proof));
        yield return Of("alg none of the known", Receipt(Pairs(w => Pair(w, 1, -999), w => Pair(w, 395, 1)), proof));
        yield return Of("crit", Receipt(Pairs(w => Pair(w, 1, -8), w => Pair(w, 2, 1), w => Pair(w, 395, 1)), proof));
        yield return Of("vds twice", Receipt(Pairs(w => Pair(w, 1, -8), w => Pair(w, 395, 1), w => Pair(w, 395, 1)), proof));
        yield return Of("leaf index of the tree's size", Receipt(header, Proof(3, 3, 2)));
        yield return Of("hash of 31 bytes", Receipt(header, Proof(3, 1, 2, 31)));
        yield return Of("65 hashes", Receipt(header, Proof(3, 1, 65)));
        yield return Of("two proofs", Receipt(header, proof, proofs: 2));
        yield return Of("no proof", Receipt(header, proof, proofs: 0));
        yield return Of("another kind of proof", Receipt(header, proof, kind: -3));
        yield return Of("attached root", Receipt(header, proof, payload: new byte[32]));
        yield return Of("signature of 63 bytes", Receipt(header, proof, signature: 63));
        yield return Of("bytes after the receipt", [.. Receipt(header, proof), 0]);
        yield return Of("cut", Receipt(header, proof)[..^1]);

        static object Of(string name, byte[] bytes) => new { Name = name, Cbor = Convert.ToHexStringLower(bytes) };
    }

    private static byte[] Receipt(byte[] header, byte[] proof, int? tag = 18, int proofs = 1, int kind = -1, byte[]? payload = null, int signature = 64)
    {
        var writer = new CborWriter(CborConformanceMode.Lax);
        if (tag is { } number)
        {
            writer.WriteTag((CborTag)number);
        }

        writer.WriteStartArray(4);
        writer.WriteByteString(header);
        writer.WriteStartMap(1);
        writer.WriteInt32(396);
        writer.WriteStartMap(1);
        writer.WriteInt32(kind);
        writer.WriteStartArray(proofs);
        for (var i = 0; i < proofs; i++)
        {
            writer.WriteByteString(proof);
        }

        writer.WriteEndArray();
        writer.WriteEndMap();
        writer.WriteEndMap();
        if (payload is null)
        {
            writer.WriteNull();
        }
        else
        {
            writer.WriteByteString(payload);
        }

        writer.WriteByteString(new byte[signature]);
        writer.WriteEndArray();
        return writer.Encode();
    }

    private static byte[] Proof(int size, int index, int hashes, int length = 32)
    {
        var writer = new CborWriter();
        writer.WriteStartArray(3);
        writer.WriteInt32(size);
        writer.WriteInt32(index);
        writer.WriteStartArray(hashes);
        for (var i = 0; i < hashes; i++)
        {
            writer.WriteByteString(new byte[length]);
        }

        writer.WriteEndArray();
        writer.WriteEndArray();
        return writer.Encode();
    }

    private static byte[] Pairs(params Action<CborWriter>[] pairs)
    {
        var writer = new CborWriter(CborConformanceMode.Lax);
        writer.WriteStartMap(pairs.Length);
        Array.ForEach(pairs, pair => pair(writer));
        writer.WriteEndMap();
        return writer.Encode();
    }

    private static void Pair(CborWriter writer, int label, int value)
    {
        writer.WriteInt32(label);
        writer.WriteInt32(value);
    }
}
