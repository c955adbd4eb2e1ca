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
    DateTimeOffset Started, DateTimeOffset? Ended, string? Status, string? Reason);

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
    string From, string To, IReadOnlyList<string> Scope, string Purpose, SpanId Span, DateTimeOffset Granted, DateTimeOffset? Ended, RecordId Record);

/// <summary>Something an agent had before it: a server, a tool manifest, a model.</summary>
/// <param name="Subject">What kind of thing.</param>
/// <param name="Name">Its name and version, where given.</param>
/// <param name="Digest">Its digest, where given.</param>
/// <param name="Tools">How many tools a manifest lists; null where it is none.</param>
/// <param name="Changed">Whether it replaced another in mid-run.</param>
/// <param name="Time">When it was captured.</param>
/// <param name="Record">The record that says so.</param>
public sealed record CapturedContext(string Subject, string? Name, string? Digest, int? Tools, bool Changed, DateTimeOffset Time, RecordId Record);

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
    /// <summary>The record of the decision that binds it; null where it names none.</summary>
    public RecordId? Decision { get; init; }

    /// <summary>The record of the approval that permits it; null where it names none.</summary>
    public RecordId? Approval { get; init; }

    /// <summary>Public id of the credential that it was done with; null where it names none.</summary>
    public string? Credential { get; init; }

    /// <summary>The resource without the scheme and server: what a person calls the tool.</summary>
    public string ShortResource => Resource.Contains("/tools/", StringComparison.Ordinal) ? Resource[(Resource.IndexOf("/tools/", StringComparison.Ordinal) + 7)..] : Resource;
}

/// <summary>Something an emitter says it lost or did not pass on.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Count">How many.</param>
/// <param name="Detail">More, where given.</param>
/// <param name="Time">When it was declared.</param>
/// <param name="Record">The record that says so.</param>
public sealed record DeclaredGap(string Reason, long Count, string? Detail, DateTimeOffset Time, RecordId Record);
