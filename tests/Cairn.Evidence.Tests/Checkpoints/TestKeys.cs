using Cairn.Evidence.Checkpoints;

namespace Cairn.Evidence.Tests.Checkpoints;

/// <summary>Keys of the vectors. Their seeds are published: 32 equal bytes. For tests only.</summary>
internal static class TestKeys
{
    public const string Origin = "ledger.example/acme";

    public static readonly CheckpointSigner Log = Of(KeyType.Ed25519, Origin, 0x01);
    public static readonly CheckpointSigner LogMlDsa = Of(KeyType.MlDsa44, Origin, 0x02);
    public static readonly CheckpointSigner WitnessA = Of(KeyType.CosignatureEd25519, "witness-a.example", 0x03);
    public static readonly CheckpointSigner WitnessB = Of(KeyType.CosignatureEd25519, "witness-b.example", 0x04);
    public static readonly CheckpointSigner WitnessC = Of(KeyType.MlDsa44, "witness-c.example", 0x05);
    public static readonly CheckpointSigner Stranger = Of(KeyType.Ed25519, Origin, 0x06);

    public static readonly IReadOnlyDictionary<string, CheckpointSigner> All = new Dictionary<string, CheckpointSigner>
    {
        ["log"] = Log,
        ["log_ml_dsa"] = LogMlDsa,
        ["witness_a"] = WitnessA,
        ["witness_b"] = WitnessB,
        ["witness_c"] = WitnessC,
        ["stranger"] = Stranger,
    };

    /// <summary>When the log and the witnesses sign: whole seconds, one minute apart.</summary>
    public static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000);

    public static SignedNote Sign(Checkpoint checkpoint, params CheckpointSigner[] signers) =>
        new(checkpoint.Body, [.. signers.Select((signer, i) => signer.Sign(checkpoint, Time.AddMinutes(i)))]);

    public static byte[] Seed(byte value) => [.. Enumerable.Repeat(value, 32)];

    private static CheckpointSigner Of(byte type, string name, byte seed) => CheckpointSigner.FromSeed(type, name, Seed(seed));
}
