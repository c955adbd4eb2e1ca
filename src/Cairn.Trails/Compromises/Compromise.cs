using Cairn.Evidence;

namespace Cairn.Trails.Compromises;

/// <summary>What is thought to be bad.</summary>
public enum CompromiseKind
{
    /// <summary>A credential, by its public id.</summary>
    Credential,

    /// <summary>A key, by its thumbprint: of credentials bound to it, or of an emitter.</summary>
    Key,

    /// <summary>A workload that acts, by its SPIFFE ID.</summary>
    Agent,

    /// <summary>A tool by its name, or a server or tool by its resource.</summary>
    Tool,

    /// <summary>A policy bundle by digest or version, or a policy by its id.</summary>
    Policy,

    /// <summary>Whoever signs statements, by its SPIFFE ID.</summary>
    Emitter,

    /// <summary>A person or account, as records name it.</summary>
    Person,
}

/// <summary>What is bad, and since when.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Id">Which one.</param>
/// <param name="Since">From when on, by the emitters' clocks.</param>
public sealed record Compromise(CompromiseKind Kind, string Id, DateTimeOffset Since);

/// <summary>A credential that may be in the wrong hands.</summary>
/// <param name="Id">Its public id.</param>
/// <param name="Since">From when on.</param>
/// <param name="Why">How it came to that, in words.</param>
/// <param name="From">The credential that it was exchanged for; null: it is bad for another reason.</param>
public sealed record SuspectCredential(string Id, DateTimeOffset Since, string Why, string? From = null);

/// <summary>A record that is downstream of the compromise.</summary>
/// <param name="Trace">Its trail.</param>
/// <param name="Record">The record.</param>
/// <param name="Statement">Its statement's index in the ledger.</param>
/// <param name="Issuer">Who signed it.</param>
/// <param name="Time">When it happened, by the emitter's clock.</param>
/// <param name="What">What it is, in words.</param>
/// <param name="Why">How it hangs together with the compromise, in words.</param>
public sealed record AffectedRecord(TraceId Trace, RecordId Record, long Statement, SpiffeId Issuer, DateTimeOffset Time, string What, string Why);
