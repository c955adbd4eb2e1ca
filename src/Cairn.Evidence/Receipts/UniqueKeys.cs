using Cairn.Evidence.Statements;

namespace Cairn.Evidence.Receipts;

/// <summary>
/// The keys of one CBOR map, each once, in any order: RFC 9942 does not ask for the deterministic order, and the examples
/// published with it do not have it. All else is read as strictly as statements are.
/// </summary>
internal struct UniqueKeys()
{
    private readonly HashSet<long> _seen = [];

    /// <summary>Reads an integer key.</summary>
    /// <exception cref="EvidenceFormatException">It is no integer, or was there before.</exception>
    public readonly long Read(ref DeterministicCbor cbor, string what)
    {
        var start = cbor.At;
        var key = cbor.ReadInteger(what);
        return _seen.Add(key) ? key : throw cbor.Error(start, what, "each map key once", $"key {key} again");
    }
}
