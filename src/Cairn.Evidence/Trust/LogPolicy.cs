using Cairn.Evidence.Checkpoints;

namespace Cairn.Evidence.Trust;

/// <summary>
/// A C2SP tlog-policy: which logs to believe, and which witnesses must have cosigned. Stricter than the specification in
/// two points: of the log keys named like the checkpoint's origin, each must have signed, so that an attacker who breaks
/// one algorithm cannot drop the other's signature; and extension lines need a log signature that covers them. Beyond it,
/// <c>retired</c> lines name the keys of a log's past.
/// </summary>
public sealed class LogPolicy
{
    internal LogPolicy(List<PolicyLog> logs, List<RetiredKey> retired, List<PolicyWitness> witnesses, List<PolicyGroup> groups, string? quorum) =>
        (Logs, Retired, Witnesses, Groups, Quorum) = (logs, retired, witnesses, groups, quorum);

    /// <summary>The logs' keys.</summary>
    public IReadOnlyList<PolicyLog> Logs { get; }

    /// <summary>The logs' keys that were retired; each speaks for the trees of its time alone.</summary>
    public IReadOnlyList<RetiredKey> Retired { get; }

    /// <summary>The witnesses.</summary>
    public IReadOnlyList<PolicyWitness> Witnesses { get; }

    /// <summary>The groups, each after the groups it names.</summary>
    public IReadOnlyList<PolicyGroup> Groups { get; }

    /// <summary>The witness or group that must be satisfied; null for none.</summary>
    public string? Quorum { get; }

    /// <summary>Parses a policy of <c>log</c>, <c>witness</c>, <c>group</c> and <c>quorum</c> lines.</summary>
    /// <exception cref="EvidenceFormatException">A line has another form; the message names it.</exception>
    public static LogPolicy Parse(string text) => Parse(PolicyLine.Split(text));

    /// <summary>Parses a policy file's octets; names that are not UTF-8 are told apart by their octets.</summary>
    /// <exception cref="EvidenceFormatException">A line has another form; the message names it.</exception>
    public static LogPolicy Parse(ReadOnlySpan<byte> octets) => Parse(PolicyLine.Text(octets));

    internal static LogPolicy Parse(IEnumerable<PolicyLine> lines)
    {
        var reader = new LogPolicyReader();
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
        var checkpoint = Checkpoint.Of(note);
        var origin = checkpoint.Origin;
        var failures = new List<string>();
        var signed = new List<VerifierKey>();
        var history = new LogKeyHistory(this, origin, checkpoint.Size);
        var (keys, retired) = (history.Newest, history.RetiredBefore(checkpoint.Size));
        if (keys.Count == 0)
        {
            var known = string.Join(", ", Logs.Select(log => log.Key.Name).Distinct());
            failures.Add($"the policy names no log {origin}; it names {(known.Length > 0 ? known : "none")}");
        }

        foreach (var key in Logs.Select(log => log.Key).Concat(Retired.Select(one => one.Key)))
        {
            var result = key.Verify(note).Result;
            if (result == NoteCheckResult.Good && retired.Contains(key))
            {
                failures.Add($"a signature by log key {Describe(key)}, which was retired and speaks for trees of at most {Retired.First(one => one.Key.Equals(key)).Size} statements");
                continue;
            }

            if (result == NoteCheckResult.Bad)
            {
                // A known key that fails fails the note, whichever log it is the key of (C2SP signed-note, "Signatures").
                failures.Add($"the signature by log key {Describe(key)} does not verify");
            }
            else if (keys.Contains(key) && result == NoteCheckResult.Absent)
            {
                failures.Add($"no signature by log key {Describe(key)}");
            }
            else if (keys.Contains(key))
            {
                signed.Add(key);
            }
        }

        if (checkpoint.Extensions is { Count: > 0 } && signed.Count > 0 && signed.All(key => key.Type == KeyType.MlDsa44))
        {
            failures.Add("the checkpoint has extension lines, which ML-DSA-44 does not sign, and no other log signature");
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

        var quorum = IsQuorum(cosigned.Keys) ? null : $"the quorum {Quorum} is not met: cosigned by {(cosigned.Count == 0 ? "no witness" : string.Join(", ", cosigned.Keys))}";
        if (quorum is not null)
        {
            failures.Add(quorum);
        }

        return new CheckpointVerdict(failures, signed, [.. cosigned.Select(pair => (pair.Key, pair.Value))]) { QuorumFailure = quorum };
    }

    /// <summary>
    /// The keys whose word counts for a tree of that size, whether or not it must: those in force, and those retired later. For
    /// who wants to know whether a log signed at all, as a witness does, or a judge of a fork.
    /// </summary>
    public IReadOnlyList<VerifierKey> KeysThatMaySign(string origin, long size) =>
        [.. Logs.Select(log => log.Key).Concat(Retired.Where(retired => retired.Size >= size).Select(retired => retired.Key)).Where(key => key.Name == origin)];

    /// <summary>Whether these witnesses, by the policy's names, satisfy its quorum.</summary>
    public bool IsQuorum(IEnumerable<string> witnesses) =>
        Quorum is null || Satisfied(witnesses).Contains(Quorum);

    private static string Describe(VerifierKey key) =>
        $"{key.Name}+{key.KeyId:x8} ({(key.Type == KeyType.MlDsa44 ? "ML-DSA-44" : "Ed25519")})";

    /// <summary>The witnesses and groups that are satisfied. Groups name earlier ones only, so one pass in order decides them.</summary>
    private HashSet<string> Satisfied(IEnumerable<string> witnesses)
    {
        var satisfied = new HashSet<string>(witnesses);
        foreach (var group in Groups)
        {
            if (group.Members.Count(satisfied.Contains) >= group.Threshold)
            {
                satisfied.Add(group.Name);
            }
        }

        return satisfied;
    }
}
