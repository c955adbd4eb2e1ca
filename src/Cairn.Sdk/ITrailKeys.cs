using Cairn.Evidence;

namespace Cairn.Sdk;

/// <summary>Where the keys of trails come from: the vault of a data directory, or one beside the spool for a remote ledger.</summary>
public interface ITrailKeys
{
    /// <summary>The trail's key, 32 bytes; made durably the first time it is asked for, and the same for every process.</summary>
    byte[] KeyFor(TraceId trace);
}
