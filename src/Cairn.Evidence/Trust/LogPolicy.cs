using Cairn.Evidence.Checkpoints;

namespace Cairn.Evidence.Trust;

/// <summary>A witness that the policy knows, under the policy's own name for it.</summary>
public sealed record PolicyWitness(string Name, VerifierKey Key, string? Url);

/// <summary>A group of witnesses and groups: satisfied when at least <paramref name="Threshold"/> members are.</summary>
public sealed record PolicyGroup(string Name, int Threshold, IReadOnlyList<string> Members);

/// <summary>A log key that the policy trusts.</summary>
public sealed record PolicyLog(VerifierKey Key, string? Url);

/// <summary>What a policy says of a signed checkpoint. <see cref="Failures"/> is empty exactly when it is accepted.</summary>
/// <param name="Failures">Each names the key or the quorum, what was expected and what was found.</param>
/// <param name="LogKeys">The log keys that signed.</param>
/// <param name="Witnesses">The policy's witnesses that cosigned, with their times.</param>
public sealed record CheckpointVerdict(
    IReadOnlyList<string> Failures,
    IReadOnlyList<VerifierKey> LogKeys,
    IReadOnlyList<(string Name, DateTimeOffset? Time)> Witnesses)
{
    /// <summary>Whether the checkpoint is accepted.</summary>
    public bool Accepted => Failures.Count == 0;
}

/// <summary>
/// A C2SP tlog-policy: which logs to believe, and which witnesses must have cosigned. Stricter than the specification in
/// one point: of the log keys named like the checkpoint's origin, each must have signed, so that an attacker who breaks
/// one algorithm cannot drop the other's signature.
/// </summary>
public sealed class LogPolicy
{
    private readonly Dictionary<string, object> _named;

    private LogPolicy(List<PolicyLog> logs, List<PolicyWitness> witnesses, List<PolicyGroup> groups, string? quorum, Dictionary<string, object> named) =>
        (Logs, Witnesses, Groups, Quorum, _named) = (logs, witnesses, groups, quorum, named);

    /// <summary>The logs' keys.</summary>
    public IReadOnlyList<PolicyLog> Logs { get; }

    /// <summary>The witnesses.</summary>
    public IReadOnlyList<PolicyWitness> Witnesses { get; }

    /// <summary>The groups.</summary>
    public IReadOnlyList<PolicyGroup> Groups { get; }

    /// <summary>The witness or group that must be satisfied; null for none.</summary>
    public string? Quorum { get; }

    /// <summary>Parses a policy of <c>log</c>, <c>witness</c>, <c>group</c> and <c>quorum</c> lines.</summary>
    /// <exception cref="EvidenceFormatException">A line has another form; the message names it.</exception>
    public static LogPolicy Parse(string text) => Parse(PolicyLine.Split(text));

    internal static LogPolicy Parse(IEnumerable<PolicyLine> lines)
    {
        var reader = new Reader();
        foreach (var line in lines)
        {
            reader.Take(line);
        }

        return reader.End();
    }

    /// <summary>Checks a signed checkpoint against the policy.</summary>
    /// <exception cref="EvidenceFormatException">The note's body is not a checkpoint.</exception>
    public CheckpointVerdict Check(SignedNote note)
    {
        var origin = Checkpoint.Of(note).Origin;
        var failures = new List<string>();
        var signed = new List<VerifierKey>();
        var keys = Logs.Select(log => log.Key).Where(key => key.Name == origin).ToList();
        if (keys.Count == 0)
        {
            var known = string.Join(", ", Logs.Select(log => log.Key.Name).Distinct());
            failures.Add($"the policy names no log {origin}; it names {(known.Length > 0 ? known : "none")}");
        }

        foreach (var key in keys)
        {
            switch (key.Verify(note).Result)
            {
                case NoteCheckResult.Good:
                    signed.Add(key);
                    break;
                case NoteCheckResult.Absent:
                    failures.Add($"no signature by log key {Describe(key)}");
                    break;
                default:
                    failures.Add($"the signature by log key {Describe(key)} does not verify");
                    break;
            }
        }

        var cosigned = new Dictionary<string, DateTimeOffset?>();
        foreach (var witness in Witnesses)
        {
            var check = witness.Key.Verify(note);
            if (check.Result == NoteCheckResult.Bad)
            {
                failures.Add($"the cosignature by witness {witness.Name} ({Describe(witness.Key)}) does not verify");
            }
            else if (check.Result == NoteCheckResult.Good)
            {
                cosigned.Add(witness.Name, check.Time);
            }
        }

        if (Quorum is not null && !Satisfied(Quorum, cosigned))
        {
            failures.Add($"the quorum {Quorum} is not met: cosigned by {(cosigned.Count == 0 ? "no witness" : string.Join(", ", cosigned.Keys))}");
        }

        return new CheckpointVerdict(failures, signed, [.. cosigned.Select(pair => (pair.Key, pair.Value))]);
    }

    private static string Describe(VerifierKey key) =>
        $"{key.Name}+{key.KeyId:x8} ({(key.Type == KeyType.MlDsa44 ? "ML-DSA-44" : "Ed25519")})";

    private bool Satisfied(string name, Dictionary<string, DateTimeOffset?> cosigned) =>
        _named[name] is PolicyGroup group
            ? group.Members.Count(member => Satisfied(member, cosigned)) >= group.Threshold
            : cosigned.ContainsKey(name);

    private sealed class Reader
    {
        private readonly List<PolicyLog> _logs = [];
        private readonly List<PolicyWitness> _witnesses = [];
        private readonly List<PolicyGroup> _groups = [];
        private readonly Dictionary<string, object> _named = [];
        private readonly HashSet<string> _members = [];
        private readonly HashSet<string> _keys = [];
        private bool _quorumSeen;
        private string? _quorum;

        public void Take(PolicyLine line)
        {
            switch (line.Words)
            {
                case ["log", var vkey, .. { Length: <= 1 } url]:
                    _logs.Add(new PolicyLog(Key(line, vkey), url.FirstOrDefault()));
                    break;
                case ["witness", var name, var vkey, .. { Length: <= 1 } url]:
                    Name(line, name, new PolicyWitness(name, Key(line, vkey), url.FirstOrDefault()), _witnesses);
                    break;
                case ["group", var name, var threshold, _, ..]:
                    Group(line, name, threshold, line.Words[3..]);
                    break;
                case ["quorum", var name]:
                    Choose(line, name);
                    break;
                default:
                    throw line.Error($"expected `log VKEY [URL]`, `witness NAME VKEY [URL]`, `group NAME all|any|K MEMBER…` or `quorum NAME|none`, found \"{Hex.Excerpt(line.ToString())}\"");
            }
        }

        public LogPolicy End() => _quorumSeen
            ? new LogPolicy(_logs, _witnesses, _groups, _quorum, _named)
            : throw new EvidenceFormatException("policy: no quorum line (write `quorum none` where no witness is asked for)");

        private VerifierKey Key(PolicyLine line, string vkey)
        {
            try
            {
                var key = VerifierKey.Parse(vkey);
                return _keys.Add(Convert.ToBase64String(key.PublicKey.Span))
                    ? key
                    : throw line.Error($"the key of {key.Name} is in the policy already: one key must not speak for two");
            }
            catch (EvidenceFormatException problem) when (!problem.Message.StartsWith("policy line", StringComparison.Ordinal))
            {
                throw line.Error(problem.Message);
            }
        }

        private void Name<T>(PolicyLine line, string name, T value, List<T> list)
            where T : notnull
        {
            if (name == "none" || !_named.TryAdd(name, value))
            {
                throw line.Error(name == "none" ? "\"none\" cannot be a name" : $"the name {name} is defined already");
            }

            list.Add(value);
        }

        private void Group(PolicyLine line, string name, string threshold, string[] members)
        {
            foreach (var member in members)
            {
                if (!_named.ContainsKey(member))
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

            if (name != "none" && !_named.ContainsKey(name))
            {
                throw line.Error($"{name} is not defined on an earlier line");
            }

            (_quorumSeen, _quorum) = (true, name == "none" ? null : name);
        }
    }
}
