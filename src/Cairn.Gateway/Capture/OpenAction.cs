using Cairn.Evidence;

namespace Cairn.Gateway.Capture;

/// <summary>An action whose request is recorded and whose outcome is not yet.</summary>
internal sealed class OpenAction
{
    /// <summary>The part of a trail it belongs to.</summary>
    public required TrailPart Part { get; init; }

    /// <summary>The id of its <c>action.requested</c>.</summary>
    public required RecordId Requested { get; init; }

    /// <summary>Its own span.</summary>
    public required SpanId Span { get; init; }

    /// <summary>The caller's span.</summary>
    public required SpanId Parent { get; init; }

    public required string Type { get; init; }

    public required string Resource { get; init; }

    /// <summary>The attributes that both of its records carry.</summary>
    public required IReadOnlyDictionary<string, object> Attributes { get; init; }

    /// <summary>When it was recorded, by the clock's timestamps.</summary>
    public required long Started { get; init; }

    /// <summary>When the caller cancelled it, by the clock's timestamps; null when it did not.</summary>
    public long? CancelRequested { get; set; }

    /// <summary>True once its outcome is recorded; an accepted task's final outcome follows later.</summary>
    public bool IsCompleted { get; set; }
}
