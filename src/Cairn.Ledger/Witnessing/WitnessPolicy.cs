using Cairn.Evidence;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Trust;

namespace Cairn.Ledger.Witnessing;

/// <summary>Which witnesses a ledger asks, and which of them must have cosigned before a checkpoint is final: <c>witness.policy</c>.</summary>
public sealed class WitnessPolicy
{
    private WitnessPolicy(LogPolicy policy, IReadOnlyList<WitnessEndpoint> endpoints) => (Policy, Endpoints) = (policy, endpoints);

    /// <summary>Witnesses, groups and quorum.</summary>
    public LogPolicy Policy { get; }

    /// <summary>The witnesses by their URL; one that signs with two keys is asked once.</summary>
    public IReadOnlyList<WitnessEndpoint> Endpoints { get; }

    /// <summary>Reads a data directory's policy; null when it has none.</summary>
    /// <exception cref="LedgerDirectoryException">The file is no policy, names another log's key, or a witness without a URL.</exception>
    public static WitnessPolicy? Read(LedgerDirectory directory)
    {
        var path = directory.WitnessPolicyPath;
        try
        {
            return File.Exists(path) ? Parse(File.ReadAllBytes(path), directory.Origin) : null;
        }
        catch (EvidenceFormatException problem)
        {
            throw new LedgerDirectoryException($"{path}: {problem.Message}", problem);
        }
    }

    /// <summary>Reads a policy in C2SP tlog-policy format, for the log of that origin.</summary>
    /// <exception cref="EvidenceFormatException">It is no policy, names another log's key, or a witness without a URL.</exception>
    public static WitnessPolicy Parse(ReadOnlySpan<byte> octets, string origin)
    {
        var policy = LogPolicy.Parse(octets);
        if (policy.Logs.FirstOrDefault(log => log.Key.Name != origin) is { } other)
        {
            throw new EvidenceFormatException($"a `log` line is of {other.Key.Name}, but this is the ledger {origin}; leave the line out");
        }

        if (policy.Witnesses.Count == 0)
        {
            throw new EvidenceFormatException("no `witness` line: `cairn witness keys` prints a witness's; remove the file where no witness is to be asked");
        }

        var endpoints = policy.Witnesses.GroupBy(UrlOf).Select(group => new WitnessEndpoint(group.Key, [.. group])).ToList();
        return new WitnessPolicy(policy, endpoints);
    }

    /// <summary>What a signed head has of what the policy asks for.</summary>
    /// <param name="note">The signed head with its cosignatures.</param>
    public CheckpointStanding Standing(SignedNote note)
    {
        var cosigned = new List<(string Name, DateTimeOffset? Time)>();
        foreach (var witness in Policy.Witnesses)
        {
            if (witness.Key.Verify(note) is { Result: NoteCheckResult.Good } check)
            {
                cosigned.Add((witness.Name, check.Time));
            }
        }

        return new CheckpointStanding(Checkpoint.Of(note).Size, Policy.Quorum, Policy.IsQuorum(cosigned.Select(one => one.Name)), cosigned, Policy.Witnesses.Count);
    }

    private static Uri UrlOf(PolicyWitness witness) =>
        Uri.TryCreate(witness.Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? new Uri(url.AbsoluteUri.TrimEnd('/') + "/")
            : throw new EvidenceFormatException($"witness {witness.Name} has {(witness.Url is null ? "no URL" : $"the URL \"{witness.Url}\"")}: the ledger needs the http or https URL of its submission prefix to ask it");
}

/// <summary>Where a witness is asked, and the keys by which it cosigns.</summary>
/// <param name="Url">The submission prefix, with a closing slash.</param>
/// <param name="Witnesses">The policy's witnesses there: one for each of its keys.</param>
public sealed record WitnessEndpoint(Uri Url, IReadOnlyList<PolicyWitness> Witnesses)
{
    /// <summary>What people call it: its key's name.</summary>
    public string Name => Witnesses[0].Key.Name;
}
