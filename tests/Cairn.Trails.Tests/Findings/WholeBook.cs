using Cairn.Trails.Findings;

namespace Cairn.Trails.Tests.Findings;

/// <summary>A book that claims to know all: the trail, and one use elsewhere.</summary>
internal sealed class WholeBook(Trail trail, CredentialHolding? elsewhere = null) : ICredentialBook
{
    private readonly CredentialBook _own = CredentialBook.Of(trail);

    public bool IsWhole => true;

    public TrailCredential? Find(string id) => _own.Find(id);

    public IReadOnlyList<CredentialHolding> Holdings(string id) => elsewhere is { } other ? [.. _own.Holdings(id), other] : _own.Holdings(id);
}
