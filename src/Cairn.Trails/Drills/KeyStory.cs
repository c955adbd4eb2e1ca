using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;

namespace Cairn.Trails.Drills;

/// <summary>A ledger whose own keys change in the middle of a trail, honestly or by somebody else's hand.</summary>
internal sealed class KeyStory : IDisposable
{
    private readonly CheckpointSigner[] _next;
    private readonly DrillEmitter _root;
    private readonly TraceId _trace = TraceId.New();
    private readonly DrillLedger _attacker = new();
    private int _index, _size;

    private KeyStory(byte[] types)
    {
        _next = [.. types.Select(type => CheckpointSigner.Generate(type, DrillLedger.Origin))];
        _root = Ledger.Emitter(_trace, "root");
        Ledger.Append(_root, _root.Started());
        Ledger.Append(_root, _root.Action("read"));
    }

    public DrillLedger Ledger { get; } = new();

    /// <summary>The keys of before.</summary>
    public IReadOnlyList<CheckpointSigner> Old => Ledger.Signers;

    /// <summary>The keys of after.</summary>
    public IReadOnlyList<CheckpointSigner> Next => _next;

    /// <summary>The verifier's policy of before the change.</summary>
    public TrustPolicy Before => Policy(Old, "");

    /// <summary>The verifier's policy of after the change, which knows of the keys of before.</summary>
    public TrustPolicy After => Policy(Next, string.Concat(Old.Select(key => $"retired {key.VerifierKey} {_size}\n")));

    /// <summary>The story with an honest operator.</summary>
    public static KeyStory Honest(params byte[] types)
    {
        var story = new KeyStory(types.Length > 0 ? types : [KeyType.Ed25519, KeyType.MlDsa44]);
        story.Retire(story.Ledger.Operator());
        return story;
    }

    /// <summary>The story with an attacker who continues the ledger with a statement of an operator whom the attacker's own authority made.</summary>
    public static KeyStory Forged()
    {
        var story = new KeyStory([KeyType.Ed25519, KeyType.MlDsa44]);
        story.Retire(story._attacker.Operator());
        return story;
    }

    /// <summary>The bundle under a checkpoint by <paramref name="signers"/>, with a succession checkpoint by <paramref name="succession"/>; null leaves it out.</summary>
    public DrillBundle Bundle(IEnumerable<CheckpointSigner> signers, IEnumerable<CheckpointSigner>? succession) =>
        Ledger.Export(_trace) with { Checkpoint = Ledger.Checkpoint(signers), Policy = Before, Successions = succession is null ? [] : [Ledger.Succession(_index, _size, succession)] };

    public void Dispose()
    {
        Ledger.Dispose();
        _attacker.Dispose();
        foreach (var key in _next)
        {
            key.Dispose();
        }
    }

    private void Retire(DrillEmitter operates)
    {
        var rotation = new KeyRotation(DrillLedger.Origin, KeyRotation.Retired, [.. Old.Select(key => key.VerifierKey)], [.. Next.Select(key => key.VerifierKey)], "drill@example.org", "drill");
        _index = Ledger.Entries.Count;
        Ledger.Append(operates, operates.Retires(rotation));
        _size = Ledger.Entries.Count;
        Ledger.Append(_root, _root.Ended());
    }

    private TrustPolicy Policy(IEnumerable<CheckpointSigner> keys, string retired) => TrustPolicy.Parse(
        string.Concat(keys.Select(key => $"log {key.VerifierKey}\n")) + retired
        + string.Concat(Ledger.Policy.Encode().Split('\n').Where(line => !line.StartsWith("log ", StringComparison.Ordinal)).Select(line => line + "\n")));
}
