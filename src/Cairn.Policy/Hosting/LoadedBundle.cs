using Cairn.Evidence;
using Cairn.Policy.Bundles;
using Cairn.Policy.Evaluation;

namespace Cairn.Policy;

/// <summary>A bundle in use. Calls that came in under it are decided under it; when it is replaced, it ends with the last of them.</summary>
public sealed class LoadedBundle
{
    private readonly Lock _gate = new();
    private int _calls;
    private bool _retired;

    internal LoadedBundle(PolicyEvaluator evaluator, PolicyMode mode, PolicyEngine engine) => (Evaluator, Mode, Engine) = (evaluator, mode, engine);

    /// <summary>SHA-256 of the sealed bundle.</summary>
    public Digest Digest => Bundle.Digest;

    /// <summary>Its name.</summary>
    public string Name => Bundle.Manifest.Name;

    /// <summary>Its version.</summary>
    public string Version => Bundle.Manifest.Version;

    /// <summary>Whether its decisions bind.</summary>
    public PolicyMode Mode { get; }

    /// <summary>What evaluates it.</summary>
    public PolicyEngine Engine { get; }

    /// <summary>The bundle itself.</summary>
    public PolicyBundle Bundle => Evaluator.Bundle;

    /// <summary>Whether it was replaced and its last call is done.</summary>
    internal bool IsFreed { get; private set; }

    internal PolicyEvaluator Evaluator { get; }

    /// <summary>Takes part in it; false when it has been replaced meanwhile.</summary>
    internal bool TryEnter()
    {
        lock (_gate)
        {
            _calls += _retired ? 0 : 1;
            return !_retired;
        }
    }

    internal void Leave()
    {
        lock (_gate)
        {
            _calls--;
            FreeWhenDone();
        }
    }

    internal void Retire()
    {
        lock (_gate)
        {
            _retired = true;
            FreeWhenDone();
        }
    }

    private void FreeWhenDone()
    {
        if (_retired && _calls == 0 && !IsFreed)
        {
            IsFreed = true;
            Evaluator.Dispose();
        }
    }
}
