using System.Collections.Concurrent;
using Cairn.Policy.Bundles;
using Cairn.Policy.Engine;

namespace Cairn.Policy.Evaluation;

/// <summary>
/// Evaluates input documents under one bundle, many at once: each on an instance of its own, of which there are no more
/// than processors, because more would only wait. Whatever goes wrong is a denial that says so.
/// </summary>
public sealed class PolicyEvaluator : IDisposable
{
    private readonly CedarModule _module;
    private readonly PolicySlices _slices;
    private readonly KnownAnswers _known = new();
    private readonly SemaphoreSlim _places;
    private readonly ConcurrentBag<PreparedInstance> _idle = [];
    private readonly ulong _decisionFuel;
    private int _made;
    private volatile bool _disposed;

    /// <param name="bundle">The bundle.</param>
    /// <param name="module">The engine.</param>
    /// <param name="instances">The most instances at once; null: as many as processors.</param>
    public PolicyEvaluator(PolicyBundle bundle, CedarModule module, int? instances = null)
        : this(bundle, module, instances, CedarInstance.DecisionFuel)
    {
    }

    internal PolicyEvaluator(PolicyBundle bundle, CedarModule module, int? instances, ulong decisionFuel)
    {
        (Bundle, _module, _decisionFuel) = (bundle, module, decisionFuel);
        _slices = new PolicySlices(bundle);
        _places = new SemaphoreSlim(instances ?? Math.Max(2, Environment.ProcessorCount));
    }

    /// <summary>The bundle.</summary>
    public PolicyBundle Bundle { get; }

    /// <summary>How many instances it has made so far, those that failed included.</summary>
    public int InstancesMade => _made;

    internal long IdleMemoryBytes => _idle.Sum(i => i.MemoryBytes);

    /// <summary>Decides the same as was decided on these bytes under this bundle by this engine, now or years later.</summary>
    /// <param name="bundle">The bundle, as sealed then.</param>
    /// <param name="module">The engine.</param>
    /// <param name="input">The exact input document of the decision.</param>
    public static PolicyEvaluation Recompute(PolicyBundle bundle, CedarModule module, ReadOnlyMemory<byte> input)
    {
        using var evaluator = new PolicyEvaluator(bundle, module, instances: 1);
        return evaluator.Evaluate(input);
    }

    /// <summary>Evaluates an input document.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up while it waited for an instance.</exception>
    public async ValueTask<PolicyEvaluation> EvaluateAsync(ReadOnlyMemory<byte> input, CancellationToken cancellationToken)
    {
        if (Ask(input, whole: false, out var asked) is { } concluded)
        {
            return concluded;
        }

        if (!_places.Wait(0, CancellationToken.None))
        {
            await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        return AnswerInPlace(asked);
    }

    /// <summary>Evaluates an input document; waits for an instance if need be.</summary>
    public PolicyEvaluation Evaluate(ReadOnlyMemory<byte> input) => Evaluate(input, whole: false);

    /// <summary>The same the long way: all policies, all of the request, the request checked against the schema, and the engine asked each time.</summary>
    internal PolicyEvaluation EvaluateWhole(ReadOnlyMemory<byte> input) => Evaluate(input, whole: true);

    /// <summary>Frees the instances. Nothing may be under way.</summary>
    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out var instance))
        {
            instance.Dispose();
        }

        _places.Dispose();
    }

    private PolicyEvaluation Evaluate(ReadOnlyMemory<byte> input, bool whole)
    {
        if (Ask(input, whole, out var asked) is { } concluded)
        {
            return concluded;
        }

        _places.Wait();
        return AnswerInPlace(asked);
    }

    /// <summary>Turns a document into a question; null when the engine has to be asked.</summary>
    private PolicyEvaluation? Ask(ReadOnlyMemory<byte> input, bool whole, out Asked asked)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        asked = default;
        DecisionInput? read = null;
        try
        {
            read = DecisionInput.Read(input);
            if (read.Refused is { } refused)
            {
                return Conclusion.Error(Bundle, read, [refused]);
            }

            if (!Bundle.Actions.Requestable.Contains(read.ActionType))
            {
                return Conclusion.Error(Bundle, read, [$"the bundle's schema has no action {read.ActionType}"]);
            }

            var call = new CedarCall(Bundle, read, whole);
            var slice = whole ? _slices.All : _slices.For(call);
            asked = new Asked(read, slice, call.WriteQuestion(), IsKept: !whole && !Bundle.Needs.Reads("time"));
            return asked.IsKept && _known.TryGet(slice.Key, asked.Question, out var answer) ? Conclusion.Of(Bundle, read, answer) : null;
        }
        catch (FormatException)
        {
            // The parser's own words differ from one to the next; whoever recomputes it must come to the same text.
            return Conclusion.Error(Bundle, read, [PolicyEvaluation.NoInputDocument]);
        }
        catch (ArgumentRefusedException e)
        {
            return Conclusion.Error(Bundle, read, [e.Message]);
        }
    }

    private PolicyEvaluation AnswerInPlace(Asked asked)
    {
        PreparedInstance? instance = null;
        try
        {
            instance = Take();
            var answer = instance.Authorize(asked.Question, asked.Slice, _decisionFuel);
            if (asked.IsKept)
            {
                _known.Keep(asked.Slice.Key, asked.Question, answer);
            }

            return Conclusion.Of(Bundle, asked.Input, answer);
        }
        catch (CedarCallException e)
        {
            return Conclusion.Error(Bundle, asked.Input, [$"the policy engine failed: {e.Message}"]) with { EngineFailed = true };
        }
        finally
        {
            Return(instance);
            _places.Release();
        }
    }

    private PreparedInstance Take()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_idle.TryTake(out var idle))
        {
            return idle;
        }

        Interlocked.Increment(ref _made);
        return new PreparedInstance(Bundle, _module);
    }

    private void Return(PreparedInstance? instance)
    {
        if (instance is { IsBroken: false } && !_disposed)
        {
            _idle.Add(instance);
        }
        else
        {
            instance?.Dispose();
        }
    }

    /// <param name="Input">What is asked.</param>
    /// <param name="Slice">The policies that it is put to.</param>
    /// <param name="Question">What the engine is given.</param>
    /// <param name="IsKept">Whether the answer is kept: where policies read the time, no question comes twice.</param>
    private readonly record struct Asked(DecisionInput Input, PolicySlice Slice, byte[] Question, bool IsKept);
}
