namespace Cairn.Ledger.Witnessing;

/// <summary>What a signed head has of what the ledger's witness policy asks for.</summary>
/// <param name="Size">The head's size.</param>
/// <param name="Quorum">The quorum's name; null when none is asked for.</param>
/// <param name="IsMet">Whether the quorum is met; true where none is asked for.</param>
/// <param name="Cosigned">The witnesses that cosigned, by the policy's names, with their times.</param>
/// <param name="Asked">How many witnesses the policy names.</param>
public sealed record CheckpointStanding(long Size, string? Quorum, bool IsMet, IReadOnlyList<(string Name, DateTimeOffset? Time)> Cosigned, int Asked)
{
    /// <summary>Since when the newest head lacks its quorum; null when it does not, or nobody noted it.</summary>
    public DateTimeOffset? MissingSince { get; init; }

    /// <summary>A ledger that asks no witness: its word alone.</summary>
    public static CheckpointStanding Unwitnessed(long size) => new(size, null, true, [], 0);

    /// <summary>One line for people.</summary>
    public override string ToString()
    {
        if (Asked == 0)
        {
            return "no witness is asked: the ledger's word alone";
        }

        var cosigned = $"cosigned by {Cosigned.Count} of {Asked} witness keys{(Cosigned.Count > 0 ? $" ({string.Join(", ", Cosigned.Select(one => one.Name))})" : "")}";
        return Quorum is null ? $"no quorum is asked for; {cosigned}"
            : IsMet ? $"final: quorum {Quorum} met, {cosigned}"
            : $"NOT FINAL: quorum {Quorum} is not met, {cosigned}{(MissingSince is { } since ? $", missing since {since.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}" : "")}";
    }
}
