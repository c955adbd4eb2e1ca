using Cairn.Evidence.Checkpoints;

namespace Cairn.Evidence.Trust;

/// <summary>Reads a policy's lines in order; only names of earlier lines may be referred to.</summary>
internal sealed class LogPolicyReader
{
    private readonly List<PolicyLog> _logs = [];
    private readonly List<RetiredKey> _retired = [];
    private readonly List<PolicyWitness> _witnesses = [];
    private readonly List<PolicyGroup> _groups = [];
    private readonly HashSet<string> _named = [];
    private readonly HashSet<string> _members = [];
    private readonly HashSet<string> _keys = [];
    private bool _quorumSeen;
    private string? _quorum;

    public void Take(PolicyLine line)
    {
        switch (line.Words)
        {
            case ["log", var vkey, .. { Length: <= 1 } url]:
                _logs.Add(new PolicyLog(Key(line, vkey, "log", KeyType.Ed25519), url.FirstOrDefault()));
                break;
            case ["retired", var vkey, var size]:
                _retired.Add(Tiles.TilePath.TryNumber(size, 19, out var last)
                    ? new RetiredKey(Key(line, vkey, "log", KeyType.Ed25519), last)
                    : throw line.Error($"the size up to which a retired key speaks should be a decimal number, found \"{Hex.Excerpt(size)}\""));
                break;
            case ["witness", var name, var vkey, .. { Length: <= 1 } url]:
                Name(line, name, new PolicyWitness(name, Key(line, vkey, "witness", KeyType.CosignatureEd25519), url.FirstOrDefault()), _witnesses);
                break;
            case ["group", var name, var threshold, _, ..]:
                Group(line, name, threshold, line.Words[3..]);
                break;
            case ["quorum", var name]:
                Choose(line, name);
                break;
            default:
                throw line.Error($"expected `log VKEY [URL]`, `retired VKEY SIZE`, `witness NAME VKEY [URL]`, `group NAME all|any|K MEMBER…` or `quorum NAME|none`, found \"{Hex.Excerpt(line.ToString())}\"");
        }
    }

    public LogPolicy End() => _quorumSeen
        ? new LogPolicy(_logs, _retired, _witnesses, _groups, _quorum)
        : throw new EvidenceFormatException("policy: no quorum line (write `quorum none` where no witness is asked for)");

    /// <summary>A key that may play that part: logs sign notes (0x01) or trees (0x06), witnesses cosign (0x04) or sign trees (0x06).</summary>
    private VerifierKey Key(PolicyLine line, string vkey, string part, byte classical)
    {
        VerifierKey key;
        try
        {
            key = VerifierKey.Parse(vkey);
        }
        catch (EvidenceFormatException problem)
        {
            throw line.Error(problem.Message);
        }

        if (key.Type != classical && key.Type != KeyType.MlDsa44)
        {
            throw line.Error($"a {part}'s key is of type 0x{classical:x2} or 0x06, found 0x{key.Type:x2}");
        }

        return _keys.Add(Convert.ToBase64String(key.PublicKey.Span))
            ? key
            : throw line.Error($"the key of {key.Name} is in the policy already: one key must not speak for two");
    }

    private void Name<T>(PolicyLine line, string name, T value, List<T> list)
        where T : notnull
    {
        if (name == "none" || !_named.Add(name))
        {
            throw line.Error(name == "none" ? "\"none\" cannot be a name" : $"the name {name} is defined already");
        }

        list.Add(value);
    }

    private void Group(PolicyLine line, string name, string threshold, string[] members)
    {
        foreach (var member in members)
        {
            if (!_named.Contains(member))
            {
                throw line.Error($"member {member} is not defined on an earlier line");
            }

            if (!_members.Add(member))
            {
                throw line.Error($"{member} is a member already: each name is a member at most once");
            }
        }

        var count = threshold switch
        {
            "all" => members.Length,
            "any" => 1,
            _ when Tiles.TilePath.TryNumber(threshold, 9, out var number) => (int)number,
            _ => 0,
        };
        if (count < 1 || count > members.Length)
        {
            throw line.Error($"the threshold should be all, any or 1 to {members.Length}, found {Hex.Excerpt(threshold)}");
        }

        Name(line, name, new PolicyGroup(name, count, members), _groups);
    }

    private void Choose(PolicyLine line, string name)
    {
        if (_quorumSeen)
        {
            throw line.Error("a policy has exactly one quorum line");
        }

        if (name != "none" && !_named.Contains(name))
        {
            throw line.Error($"{name} is not defined on an earlier line");
        }

        (_quorumSeen, _quorum) = (true, name == "none" ? null : name);
    }
}
