namespace Cairn.Evidence.Trust;

/// <summary>Gathers a policy's <c>timestamper</c> lines by name (docs/spec/timestamps.md §1).</summary>
internal sealed class TimestamperLines
{
    private readonly List<(string Name, List<ReadOnlyMemory<byte>> Roots)> _timestampers = [];
    private readonly HashSet<Digest> _seen = [];

    /// <exception cref="EvidenceFormatException">The certificate is a timestamper's root already.</exception>
    public void Add(PolicyLine line, string name, byte[] root)
    {
        if (!_seen.Add(Digest.Sha256(root)))
        {
            throw line.Error($"the root of {name} is a timestamper's root already");
        }

        var known = _timestampers.FindIndex(one => one.Name == name);
        if (known < 0)
        {
            _timestampers.Add((name, [root]));
        }
        else
        {
            _timestampers[known].Roots.Add(root);
        }
    }

    public IReadOnlyList<Timestamper> All() => [.. _timestampers.Select(one => new Timestamper(one.Name, one.Roots))];
}
