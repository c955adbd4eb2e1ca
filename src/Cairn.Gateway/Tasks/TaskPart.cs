using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Evidence.Submissions;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Sdk;

namespace Cairn.Gateway.Tasks;

/// <summary>One emitter's part of one trail: from its <c>task.started</c> to its <c>task.ended</c> with counts (docs/spec/records.md §4).</summary>
internal sealed class TaskPart
{
    private readonly TaskOptions _options;
    private readonly EvidenceOutlet _outlet;
    private readonly Actor _actor;

    private TaskPart(TaskOptions options, EvidenceOutlet outlet, TraceId trace, SpanId? caller, SpanId span)
    {
        (_options, _outlet, Trace, Caller, Span) = (options, outlet, trace, caller, span);
        _actor = new Actor(options.Agent, $"{Environment.MachineName}:{Environment.ProcessId}", options.Owner);
        Identity = new Caller
        {
            Agent = _actor.Id,
            Instance = _actor.Instance,
            Owner = _actor.Owner,
            Authenticated = "configured",
            SubjectToken = options.SubjectToken,
        };
    }

    public TraceId Trace { get; }

    /// <summary>The span of this part, parent of what has no closer one.</summary>
    public SpanId Span { get; }

    /// <summary>The caller's span that this part is a child of; null when it is the trail's root.</summary>
    public SpanId? Caller { get; }

    /// <summary>The agent as the pipeline knows it.</summary>
    public Caller Identity { get; }

    /// <summary>Opens a part: under the caller's span, or as the root of a trail of its own.</summary>
    /// <param name="options">On whose behalf.</param>
    /// <param name="outlet">Where the records go.</param>
    /// <param name="keys">Keys of the trails.</param>
    /// <param name="channel">How the request came in, such as <c>exec</c>.</param>
    /// <exception cref="TrailKeyException">The trail has no key.</exception>
    public static TaskPart Open(TaskOptions options, EvidenceOutlet outlet, ITrailKeys keys, string channel) =>
        Open(options, outlet, keys, channel, options.Caller?.Trace ?? TraceId.New(), options.Caller?.Span, SpanId.New());

    /// <summary>The same in a trail and under a span that are given already.</summary>
    /// <exception cref="TrailKeyException">The trail has no key.</exception>
    public static TaskPart Open(TaskOptions options, EvidenceOutlet outlet, ITrailKeys keys, string channel, TraceId trace, SpanId? caller, SpanId span)
    {
        try
        {
            _ = keys.KeyFor(trace);
        }
        catch (Exception e)
        {
            throw new TrailKeyException(trace, e);
        }

        var part = new TaskPart(options, outlet, trace, caller, span);
        outlet.Emit(part.Draft(RecordKinds.TaskStarted, writer =>
        {
            writer.WriteString("principal"u8, options.Initiator.Principal);
            writer.WriteString("authenticated"u8, options.Initiator.Authenticated);
            writer.WriteString("channel"u8, channel);
            writer.WriteString("owner"u8, options.Owner);
        }));
        options.Bundles?.Opened(part, outlet);
        return part;
    }

    /// <summary>A record of the part's own span.</summary>
    public RecordDraft Draft(
        string kind, Action<Utf8JsonWriter> body, IReadOnlyDictionary<string, object>? attributes = null,
        RecordId? id = null, IReadOnlyList<SealedContent>? contents = null) => new()
        {
            Kind = kind,
            Trace = Trace,
            Span = Span,
            Parent = Caller,
            Task = Span,
            Actor = _actor,
            Body = body,
            Attributes = attributes,
            Id = id,
            Contents = contents ?? [],
        };

    /// <summary>Ends the part: a root also counts what the ledger knows of other streams. Waits until the ledger has it all, or time is up.</summary>
    /// <param name="status">done, failed, cancelled or lost.</param>
    /// <param name="reason">Why, where it is not plain.</param>
    /// <param name="log">Messages for people.</param>
    /// <param name="time">The clock of the timeout.</param>
    public async Task EndAsync(string status, string? reason, TextWriter log, TimeProvider time)
    {
        using var timeout = new CancellationTokenSource(_options.FlushTimeout, time);
        var others = Caller is null && _options.Ledger is { } ledger ? await CountsAsync(ledger, log, timeout.Token).ConfigureAwait(false) : [];
        End(status, reason, others);
        await FlushAsync(_outlet.Emitter, log, timeout.Token).ConfigureAwait(false);
    }

    /// <summary>Queues the end of the part.</summary>
    /// <param name="status">done, failed, cancelled or lost.</param>
    /// <param name="reason">Why, where it is not plain.</param>
    /// <param name="others">What other streams wrote into the trail, where this part answers for the whole.</param>
    public void End(string status, string? reason, IReadOnlyList<EmitterCount> others)
    {
        _options.Bundles?.Ended(this);
        var emitter = _outlet.Emitter;
        _outlet.Emit(Draft(RecordKinds.TaskEnded, writer =>
        {
            writer.WriteString("status"u8, status);
            if (reason is not null)
            {
                writer.WriteString("reason"u8, reason);
            }

            // Counted when the record gets its place in the trail, so that it counts itself and nothing slips between.
            var own = new EmitterCount(emitter.Issuer, emitter.Stream, emitter.RecordsIn(Trace) + 1);
            writer.WriteStartArray("emitters"u8);
            foreach (var count in others.Where(c => c.Stream != own.Stream).Prepend(own))
            {
                writer.WriteStartObject();
                writer.WriteString("emitter"u8, count.Emitter.ToString());
                writer.WriteString("stream"u8, count.Stream.ToString());
                writer.WriteNumber("records"u8, count.Records);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }));
    }

    /// <summary>Waits until the ledger has everything emitted so far; says so when it does not come to that.</summary>
    public static async Task FlushAsync(Emitter emitter, TextWriter log, CancellationToken timeout)
    {
        try
        {
            await emitter.FlushAsync(timeout).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or EvidenceUnavailableException)
        {
            await log.WriteLineAsync("cairn: the ledger did not take all evidence in time; the rest is spooled and delivered by the next run").ConfigureAwait(false);
        }
    }

    /// <summary>What the ledger knows of all streams in the trail; nothing, and a word to people, when it can't be asked.</summary>
    public async Task<IReadOnlyList<EmitterCount>> CountsAsync(ILedgerClient ledger, TextWriter log, CancellationToken timeout)
    {
        try
        {
            return await ledger.CountsAsync(Trace, timeout).ConfigureAwait(false);
        }
        catch (Exception e) when (e is LedgerUnavailableException or OperationCanceledException)
        {
            await log.WriteLineAsync("cairn: the ledger could not be asked what others wrote into this trail; only this run's records are counted").ConfigureAwait(false);
            return [];
        }
    }
}
