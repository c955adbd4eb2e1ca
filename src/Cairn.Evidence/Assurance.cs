namespace Cairn.Evidence;

/// <summary>How far a record's issuer stands from the act it reports. Derived from the verifier's trust policy, never claimed.</summary>
public enum Assurance
{
    /// <summary>The issuer is the actor itself.</summary>
    Reported,

    /// <summary>The issuer is an enrolled gateway on the path.</summary>
    Observed,

    /// <summary>The issuer imports the target system's own log.</summary>
    Confirmed,
}
