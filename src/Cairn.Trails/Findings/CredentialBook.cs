using Cairn.Evidence;

namespace Cairn.Trails.Findings;

/// <summary>Where a credential was first used by one agent in one trail.</summary>
/// <param name="Trace">The trail.</param>
/// <param name="Agent">Who used it.</param>
/// <param name="Record">The record that says so.</param>
public readonly record struct CredentialHolding(TraceId Trace, SpiffeId Agent, RecordId Record);

/// <summary>What is known of credentials, in one trail or in a whole ledger.</summary>
public interface ICredentialBook
{
    /// <summary>Whether it holds all that a ledger tells, so that what it does not know was never issued there.</summary>
    bool IsWhole { get; }

    /// <summary>A credential; null: nothing is known of it.</summary>
    TrailCredential? Find(string id);

    /// <summary>Who used a credential in which trail: the first use of each agent in each trail.</summary>
    IReadOnlyList<CredentialHolding> Holdings(string id);
}

/// <summary>What one trail tells of credentials.</summary>
public sealed class CredentialBook : ICredentialBook
{
    private readonly Trail _trail;
    private readonly Dictionary<string, List<CredentialHolding>> _holdings = new(StringComparer.Ordinal);

    private CredentialBook(Trail trail) => _trail = trail;

    /// <inheritdoc/>
    public bool IsWhole => false;

    /// <summary>The book of one trail.</summary>
    public static CredentialBook Of(Trail trail)
    {
        ArgumentNullException.ThrowIfNull(trail);
        var book = new CredentialBook(trail);
        foreach (var group in UsedCredential.In(trail).GroupBy(use => use.Credential))
        {
            book._holdings[group.Key] = [.. group
                .OrderBy(use => use.Use.Time).ThenBy(use => use.Use.Record.ToString(), StringComparer.Ordinal)
                .DistinctBy(use => use.Use.By)
                .Select(use => new CredentialHolding(trail.Trace, use.Use.By, use.Use.Record))];
        }

        return book;
    }

    /// <inheritdoc/>
    public TrailCredential? Find(string id) => _trail.Find.Credential(id);

    /// <inheritdoc/>
    public IReadOnlyList<CredentialHolding> Holdings(string id) => _holdings.TryGetValue(id, out var holdings) ? holdings : [];
}
