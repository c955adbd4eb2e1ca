using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.Trails;

/// <summary>Who or what started a task.</summary>
/// <param name="Principal">As the record names it.</param>
/// <param name="Authenticated">How the principal was authenticated.</param>
/// <param name="Channel">The way in.</param>
/// <param name="Owner">The accountable owner.</param>
/// <param name="Record">The record that says so.</param>
public sealed record Initiation(string Principal, string Authenticated, string Channel, string Owner, RecordId Record);

/// <summary>A task of one emitter in the trail: from its task.started to its task.ended.</summary>
/// <param name="Span">The task's span.</param>
/// <param name="Parent">The caller's span; null for the root.</param>
/// <param name="Agent">Who acted.</param>
/// <param name="Issuer">Who recorded it.</param>
/// <param name="Stream">The emitter's stream.</param>
/// <param name="Initiation">What it was started by.</param>
/// <param name="Started">When, by the emitter's clock.</param>
/// <param name="Ended">When it ended; null while it is open.</param>
/// <param name="Status">done, failed, cancelled or lost; null while it is open.</param>
/// <param name="Reason">Why, where one is given.</param>
public sealed record TrailTask(
    SpanId Span, SpanId? Parent, Actor Agent, SpiffeId Issuer, StreamId Stream, Initiation Initiation,
    DateTimeOffset Started, DateTimeOffset? Ended, string? Status, string? Reason)
{
    /// <summary>The record of its end; null while it is open.</summary>
    public RecordId? EndRecord { get; init; }

    /// <summary>When it ended first: an emitter may go on and end again.</summary>
    public DateTimeOffset? FirstEnded { get; init; }

    /// <summary>How many actions were requested in this stream under this task.</summary>
    public int Actions { get; init; }
}

/// <summary>Authority given by one agent to another.</summary>
/// <param name="From">The giver.</param>
/// <param name="To">The receiver.</param>
/// <param name="Scope">What may be done.</param>
/// <param name="Purpose">What for.</param>
/// <param name="Span">The span under which the receiver's work stands.</param>
/// <param name="Granted">When it was given.</param>
/// <param name="Ended">When it ended; null while it lasts.</param>
/// <param name="Record">The record that says so.</param>
public sealed record Delegation(
    string From, string To, IReadOnlyList<string> Scope, string Purpose, SpanId Span, DateTimeOffset Granted, DateTimeOffset? Ended, RecordId Record)
{
    /// <summary>The giver's span; null where none is told.</summary>
    public SpanId? Parent { get; init; }

    /// <summary>When it ends by itself; null: never.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>done, expired, revoked or failed; null while it lasts.</summary>
    public string? EndReason { get; init; }

    /// <summary>The record of its end; null while it lasts.</summary>
    public RecordId? EndRecord { get; init; }

    /// <summary>The stream that tells of it.</summary>
    public StreamId Stream { get; init; }
}

/// <summary>A tool as a manifest lists it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Digest">Of its definition, as <c>sha256:</c> and hexadecimal digits.</param>
public readonly record struct ManifestTool(string Name, string Digest);

/// <summary>Something an agent had before it: a server, a tool manifest, a model.</summary>
/// <param name="Subject">What kind of thing.</param>
/// <param name="Name">Its name and version, where given.</param>
/// <param name="Digest">Its digest, where given.</param>
/// <param name="Tools">How many tools a manifest lists; null where it is none.</param>
/// <param name="Changed">Whether it replaced another in mid-run.</param>
/// <param name="Time">When it was captured.</param>
/// <param name="Record">The record that says so.</param>
public sealed record CapturedContext(string Subject, string? Name, string? Digest, int? Tools, bool Changed, DateTimeOffset Time, RecordId Record)
{
    /// <summary>The tools that a manifest lists; empty where it is none.</summary>
    public IReadOnlyList<ManifestTool> Manifest { get; init; } = [];

    /// <summary>The span of the task that it is part of.</summary>
    public required SpanId Task { get; init; }

    /// <summary>Whose context it is.</summary>
    public required Actor Agent { get; init; }

    /// <summary>The stream that captured it.</summary>
    public required StreamId Stream { get; init; }

    /// <summary>The record's ordinal in that stream.</summary>
    public required long Seq { get; init; }
}

/// <summary>A target's version: an ETag, a commit, a file's digest.</summary>
/// <param name="Kind">etag, lsn, commit, version, digest or other.</param>
/// <param name="Value">The version.</param>
public sealed record TargetVersion(string Kind, string Value);

/// <summary>One act: a request, and its outcome where one is known.</summary>
/// <param name="Span">The act's own span.</param>
/// <param name="Parent">The caller's span.</param>
/// <param name="Actor">Who acted.</param>
/// <param name="Issuer">Who recorded it.</param>
/// <param name="Type">tool.call, data.read and so on.</param>
/// <param name="Resource">On what.</param>
/// <param name="Writes">Whether it may change something; null where that is not known.</param>
/// <param name="Requested">When it was asked for.</param>
/// <param name="Duration">How long it took; null while open.</param>
/// <param name="Status">ok, tool_error, protocol_error, cancelled, refused, lost or accepted; null while open.</param>
/// <param name="Error">The error, where there was one.</param>
/// <param name="Request">The request's record.</param>
/// <param name="Completion">The outcome's record.</param>
public sealed record TrailAction(
    SpanId Span, SpanId? Parent, Actor Actor, SpiffeId Issuer, string Type, string Resource, bool? Writes,
    DateTimeOffset Requested, TimeSpan? Duration, string? Status, string? Error, RecordId Request, RecordId? Completion)
{
    private const string Tools = "/tools/";

    /// <summary>The span of the task that it is part of; null where it names none.</summary>
    public SpanId? Task { get; init; }

    /// <summary>The record of the decision that binds it; null where it names none.</summary>
    public RecordId? Decision { get; init; }

    /// <summary>The record of the approval that permits it; null where it names none.</summary>
    public RecordId? Approval { get; init; }

    /// <summary>Public id of the credential that it was done with; null where it names none.</summary>
    public string? Credential { get; init; }

    /// <summary>Digest of the tool's definition as last listed; null where it was in no listing.</summary>
    public string? ToolDigest { get; init; }

    /// <summary>How its input is kept: none, redacted or full; null where it is not said.</summary>
    public string? InputKept { get; init; }

    /// <summary>When its first outcome was recorded; null while open. An act that was accepted has a second one.</summary>
    public DateTimeOffset? FirstCompleted { get; init; }

    /// <summary>The stream that told its first outcome: another run of the emitter may. Null while open.</summary>
    public StreamId? CompletedIn { get; init; }

    /// <summary>Whether an outcome of it said ok.</summary>
    public bool WasOk { get; init; }

    /// <summary>The target's version after it, as its emitter tells; null where not told.</summary>
    public TargetVersion? After { get; init; }

    /// <summary>The files that it changed, where its emitter looked; null where it did not.</summary>
    public FileChanges? Files { get; init; }

    /// <summary>The stream that recorded it.</summary>
    public StreamId Stream { get; init; }

    /// <summary>The request's ordinal in that stream.</summary>
    public long Seq { get; init; }

    /// <summary>
    /// Whether it was done, or at least sent, by any outcome that it had: not refused, not cancelled before. An act that was
    /// accepted and cancelled later was done in part.
    /// </summary>
    public bool WasDone { get; init; }

    /// <summary>The name of the tool that was called; null where it was none.</summary>
    public string? Tool => Resource.StartsWith("mcp://", StringComparison.Ordinal) && Resource.IndexOf(Tools, StringComparison.Ordinal) is > 0 and var at
        ? Uri.UnescapeDataString(Resource[(at + Tools.Length)..])
        : null;

    /// <summary>The resource without the scheme and server: what a person calls the tool.</summary>
    public string ShortResource => Resource.Contains(Tools, StringComparison.Ordinal) ? Resource[(Resource.IndexOf(Tools, StringComparison.Ordinal) + Tools.Length)..] : Resource;
}

/// <summary>What a target system's own log says changed.</summary>
/// <param name="System">The target system.</param>
/// <param name="EventId">The target's own id of the event.</param>
/// <param name="Operation">What was done.</param>
/// <param name="Resource">To what.</param>
/// <param name="Status">ok, denied or failed; null where not told.</param>
/// <param name="Principal">Who did it, by the target's account.</param>
/// <param name="After">The target's version after it.</param>
/// <param name="Action">The action that it is thought to belong to.</param>
/// <param name="Time">When it happened, by the target's clock.</param>
/// <param name="Record">The record that says so.</param>
public sealed record ObservedEffect(
    string System, string EventId, string Operation, string Resource, string? Status, string? Principal, TargetVersion? After,
    RecordId? Action, DateTimeOffset Time, RecordId Record);

/// <summary>Something an emitter says it lost or did not pass on.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Count">How many.</param>
/// <param name="Detail">More, where given.</param>
/// <param name="Time">When it was declared.</param>
/// <param name="Record">The record that says so.</param>
public sealed record DeclaredGap(string Reason, long Count, string? Detail, DateTimeOffset Time, RecordId Record);

/// <summary>An end whose beginning is not in the trail.</summary>
/// <param name="Kind">The kind of the record that ends something.</param>
/// <param name="Expected">What should be there, in words.</param>
/// <param name="Record">The record that ends it.</param>
public sealed record UnpairedEnd(string Kind, string Expected, RecordId Record);

/// <summary>How many records of the trail a stream should hold, as a task.ended counts them.</summary>
/// <param name="Emitter">Whose stream it is.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Records">How many.</param>
/// <param name="Record">The record that counts them.</param>
public sealed record CountedStream(string Emitter, StreamId Stream, long Records, RecordId Record);
