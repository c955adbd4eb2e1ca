using Cairn.Evidence;
using Cairn.Evidence.Decisions;

namespace Cairn.Trails.Bundles;

/// <summary>
/// What policy decisions rest on besides their inputs, for a bundle from which others recompute them. The ledger has neither: policy
/// bundles lie in the data directory's store, and the engine is the program's own.
/// </summary>
public interface IDecisionMaterial
{
    /// <summary>A policy bundle in its sealed form; null where it isn't there.</summary>
    /// <param name="policy">Its digest.</param>
    ReadOnlyMemory<byte>? Policy(Digest policy);

    /// <summary>The engine's WebAssembly; null where it isn't there.</summary>
    /// <param name="engine">Its digest.</param>
    ReadOnlyMemory<byte>? Engine(Digest engine);

    /// <summary>Recomputes decisions, for the report in the bundle.</summary>
    IDecisionEngine Recompute { get; }
}
