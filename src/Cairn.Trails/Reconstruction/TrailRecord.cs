using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails;

/// <summary>A record of a trail with where it stands and who signed it.</summary>
/// <param name="Record">The record.</param>
/// <param name="Issuer">The emitter that signed the statement: the observer, not necessarily the actor.</param>
/// <param name="Stream">The emitter's stream.</param>
/// <param name="Statement">The statement's index in the ledger.</param>
public sealed record TrailRecord(Record Record, SpiffeId Issuer, StreamId Stream, long Statement)
{
    /// <summary>Whether the issuer is the actor itself.</summary>
    public bool IsSelfReported => Issuer == Record.Actor.Id;
}
