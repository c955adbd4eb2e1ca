using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Ledger;

namespace Cairn.Trails.Contents;

/// <summary>The contents of a ledger, opened with the keys of its vault.</summary>
public sealed class LedgerContents : IKeptContents, IDisposable
{
    private readonly EmbeddedLedger _ledger;
    private readonly TrailVault? _vault;

    private LedgerContents(EmbeddedLedger ledger, TrailVault? vault) => (_ledger, _vault) = (ledger, vault);

    /// <summary>Opens the vault of a data directory; where there is none, nothing can be opened.</summary>
    /// <exception cref="LedgerDirectoryException">The vault can't be opened.</exception>
    public static LedgerContents Open(EmbeddedLedger ledger, LedgerDirectory directory)
    {
        ArgumentNullException.ThrowIfNull(directory);
        return new LedgerContents(ledger, File.Exists(directory.VaultPath) ? TrailVault.Open(directory.VaultPath) : null);
    }

    /// <inheritdoc/>
    public KeptContent Find(Record record, string member)
    {
        ArgumentNullException.ThrowIfNull(record);
        var held = HeldMember.Of(record, member);
        if (HeldMember.WhyNotKept(held, member) is { } why)
        {
            return KeptContent.Missing(why);
        }

        if (KeyOf(record.Trace) is not { } key)
        {
            return KeptContent.Missing("the trail's key is gone");
        }

        var sealedContent = _ledger.ContentsOf(record.Trace, record.Id).FirstOrDefault(content => content.Member == member);
        if (sealedContent is null || !sealedContent.TryOpen(Commitment.ContentKey(key, record.Id, member), out var bytes))
        {
            return KeptContent.Missing($"the {member} is not in the ledger");
        }

        var (value, keyMember) = held!.Value.ForKept(member);
        return Commitment.Matches(value, Commitment.CommitmentKey(key, record.Id, keyMember), bytes)
            ? new KeptContent(bytes, held.Value.Content == ContentHandling.Redacted, null)
            : KeptContent.Missing($"the {member} does not match its commitment");
    }

    /// <inheritdoc/>
    public bool? Matches(Record record, string member, ReadOnlySpan<byte> candidate)
    {
        ArgumentNullException.ThrowIfNull(record);
        return HeldMember.Of(record, member) is { } held && KeyOf(record.Trace) is { } key
            ? Commitment.Matches(held.Value, Commitment.CommitmentKey(key, record.Id, member), candidate)
            : null;
    }

    /// <inheritdoc/>
    public void Dispose() => _vault?.Dispose();

    private byte[]? KeyOf(TraceId trace) => _vault is not null && _vault.TryGet(trace, out var key) ? key : null;
}
