using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Merkle;
using Cairn.Evidence.Tests.Statements;
using Cairn.Evidence.Trust;
using Cairn.Evidence.Verification;

namespace Cairn.Evidence.Tests.Verification;

/// <summary>A trail in a ledger whose own keys change while it goes on, once or several times, and what a forger may make of it.</summary>
internal sealed class KeyStory : IDisposable
{
    private readonly List<CheckpointSigner> _made = [];
    private readonly TestEmitter _gateway;

    public KeyStory()
    {
        (Operator, _gateway) = (Ledger.Operator(), Ledger.Emitter("gateway/root"));
        Generations.Add([.. Ledger.Signers]);
        Ledger.Append(_gateway, _gateway.Started());
    }

    public TestLedger Ledger { get; } = new();

    public TestEmitter Operator { get; set; }

    /// <summary>The log's keys, those of the beginning first.</summary>
    public List<CheckpointSigner[]> Generations { get; } = [];

    public CheckpointSigner[] Newest => Generations[^1];

    /// <summary>The policy whose log keys are those, with the lines given.</summary>
    public TrustPolicy Policy(IEnumerable<CheckpointSigner> keys, string more = "") => TrustPolicy.Parse(
        string.Concat(keys.Select(key => $"log {key.VerifierKey}\n")) + more + "quorum none\n"
        + $"trustdomain example.org {Convert.ToBase64String(Ledger.Root.RawData)}\n"
        + "emitter agent spiffe://example.org/agent/*\nemitter gateway spiffe://example.org/gateway/*\nemitter operator spiffe://example.org/operator/*\n");

    /// <summary>Lines that retire the keys of a generation.</summary>
    public string Retired(int generation, long? size = null) =>
        string.Concat(Generations[generation].Select(key => $"retired {key.VerifierKey} {size ?? Sizes[generation]}\n"));

    /// <summary>For each succession the size of its checkpoint.</summary>
    public List<long> Sizes { get; } = [];

    /// <summary>New keys of these types.</summary>
    public CheckpointSigner[] Make(params byte[] types)
    {
        CheckpointSigner[] keys = [.. types.Select((type, i) => CheckpointSigner.FromSeed(type, TestLedger.Origin, [.. Enumerable.Repeat((byte)(10 + _made.Count + i), 32)]))];
        _made.AddRange(keys);
        return keys;
    }

    /// <summary>The log's keys change: an action, the retirement in the ledger, the succession checkpoint by old and new, an action more.</summary>
    /// <param name="next">The new keys; one of each algorithm where null.</param>
    /// <param name="signers">Who signs the succession checkpoint; old and new where null.</param>
    /// <param name="old">The keys that are said to go; those of the newest generation where null.</param>
    /// <param name="says">The record's own object; what an honest operator says where null.</param>
    public void Change(CheckpointSigner[]? next = null, IEnumerable<CheckpointSigner>? signers = null, CheckpointSigner[]? old = null, Action<KeyRotation, System.Text.Json.Utf8JsonWriter>? says = null)
    {
        next ??= Make(KeyType.Ed25519, KeyType.MlDsa44);
        old ??= Newest;
        Act();
        var rotation = new KeyRotation(TestLedger.Origin, KeyRotation.Retired, [.. old.Select(key => key.VerifierKey)], [.. next.Select(key => key.VerifierKey)], "ops@example.org", "rotation");
        var index = Ledger.AppendElsewhere(Operator, Operator.KeysRotated(json => (says ?? ((one, writer) => one.WriteTo(writer)))(rotation, json)));
        Ledger.Successions.Add((index, Sign(Ledger.Head(), signers ?? old.Concat(next))));
        Sizes.Add(Ledger.Entries.Count);
        Generations.Add([.. Newest.Where(key => !old.Contains(key)), .. next]);
        Act();
    }

    /// <summary>A checkpoint of a tree by these keys.</summary>
    public static SignedNote Sign(TreeHead head, IEnumerable<CheckpointSigner> signers, DateTimeOffset? time = null)
    {
        var checkpoint = new Checkpoint(TestLedger.Origin, head.Size, head.Root);
        return new SignedNote(checkpoint.Body, [.. signers.Select(signer => signer.Sign(checkpoint, time ?? TestAuthority.Now.AddMinutes(1)))]);
    }

    /// <summary>An action of the trail.</summary>
    public void Act() => Ledger.Append(_gateway, _gateway.Requested(out var id), _gateway.Completed(id));

    /// <summary>Ends the trail.</summary>
    public void End() => Ledger.Append(_gateway, _gateway.Ended());

    /// <summary>The bundle under a checkpoint by these keys; the newest where null.</summary>
    public byte[] Bundle(IEnumerable<CheckpointSigner>? signers = null) => Ledger.Bundle(Sign(Ledger.Head(), signers ?? Newest));

    public static VerificationReport Verify(byte[] bundle, TrustPolicy policy)
    {
        using var zip = new MemoryStream(bundle);
        return BundleVerifier.Verify(zip, policy);
    }

    /// <summary>The codes of the failures of integrity; empty for a bundle that is whole.</summary>
    public static string Codes(byte[] bundle, TrustPolicy policy) =>
        string.Join(' ', Verify(bundle, policy).Integrity.Failures.Select(failure => failure.Code).Distinct().Order(StringComparer.Ordinal));

    public void Dispose()
    {
        Ledger.Dispose();
        _made.ForEach(key => key.Dispose());
    }
}
