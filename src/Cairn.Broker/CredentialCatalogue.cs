using Cairn.Broker.Store;

namespace Cairn.Broker;

/// <summary>What a broker keeps of its credentials, to be looked at: no ledger is opened and nothing is changed.</summary>
public sealed class CredentialCatalogue : IDisposable
{
    private readonly BrokerStore _store;

    private CredentialCatalogue(BrokerStore store) => _store = store;

    /// <summary>Opens the catalogue of a data directory.</summary>
    /// <returns>The catalogue; null where no broker has run yet.</returns>
    /// <exception cref="BrokerException">The file is no broker's.</exception>
    public static CredentialCatalogue? Open(string data)
    {
        var path = Path.Combine(BrokerDirectory.Folder(Path.GetFullPath(data)), "broker.db");
        return File.Exists(path) ? new CredentialCatalogue(BrokerStore.Open(path)) : null;
    }

    /// <summary>The newest credentials: active ones, or all.</summary>
    public IReadOnlyList<CredentialEntry> List(int most, bool all) => _store.List(most, all);

    /// <summary>Credentials whose public id begins so; at most three, to tell one from several.</summary>
    public IReadOnlyList<CredentialEntry> Find(string start) => _store.FindByStart(start, 3);

    /// <summary>What a credential was exchanged for, and so on up to the first; nearest first.</summary>
    public IReadOnlyList<CredentialEntry> Ancestors(CredentialEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var found = new List<CredentialEntry>();
        for (var at = entry; at.Parent is { } id && _store.Find(id) is { } parent; at = parent)
        {
            found.Add(parent);
        }

        return found;
    }

    /// <summary>Everything that descends from a credential, nearest first.</summary>
    public IReadOnlyList<CredentialEntry> Descendants(CredentialEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return _store.Descendants(entry.Id);
    }

    /// <summary>How a credential ended: when, why and by whom; null: it has not.</summary>
    public (DateTimeOffset When, string Reason, string? By)? EndingOf(CredentialEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return _store.FindEnding(entry.Id) is { } ending ? (ending.Ended, ending.Reason, ending.By) : null;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _store.Dispose();
}
