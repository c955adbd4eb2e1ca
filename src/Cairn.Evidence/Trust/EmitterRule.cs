namespace Cairn.Evidence.Trust;

/// <summary>What an emitter is to the acts it records. Decides the assurance of its records.</summary>
public enum EmitterRole
{
    /// <summary>The actor itself: its records are reported.</summary>
    Agent,

    /// <summary>An observer on the path: its records are observed.</summary>
    Gateway,

    /// <summary>A reader of the target system's own log: its records are confirmed.</summary>
    Importer,

    /// <summary>The ledger's operator, for ledger.* records.</summary>
    Operator,
}

/// <summary>A root certificate (DER) that may sign X.509-SVIDs of a trust domain.</summary>
public sealed record TrustDomainRoot(string TrustDomain, ReadOnlyMemory<byte> Certificate);

/// <summary>Which emitters are trusted, and as what.</summary>
/// <param name="Role">What they are to the acts they record.</param>
/// <param name="Pattern">A SPIFFE ID, or a prefix of one that ends in "/*".</param>
/// <param name="SubjectPublicKeyInfo">The one key (DER SPKI) that may sign by key id; null where an X.509-SVID is asked for.</param>
public sealed record EmitterRule(EmitterRole Role, string Pattern, ReadOnlyMemory<byte>? SubjectPublicKeyInfo = null)
{
    /// <summary>Whether the rule speaks of that emitter.</summary>
    public bool Covers(SpiffeId issuer) => Pattern.EndsWith("/*", StringComparison.Ordinal)
        ? issuer.ToString().StartsWith(Pattern[..^1], StringComparison.Ordinal)
        : issuer.ToString() == Pattern;

    /// <summary>How much of an id the pattern fixes, in characters; an exact pattern fixes more than any prefix that covers the same id.</summary>
    internal int Specificity => Pattern.EndsWith("/*", StringComparison.Ordinal) ? Pattern.Length - 1 : Pattern.Length;

    /// <summary>The assurance of what such an emitter records.</summary>
    public Assurance Assurance => Role switch
    {
        EmitterRole.Gateway => Assurance.Observed,
        EmitterRole.Importer => Assurance.Confirmed,
        _ => Assurance.Reported,
    };
}
