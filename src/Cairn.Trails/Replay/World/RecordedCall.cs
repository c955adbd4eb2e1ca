using System.Text.Json;
using Cairn.Evidence.Records;
using Cairn.Trails.Contents;

namespace Cairn.Trails.Replay.World;

/// <summary>How a recorded call was answered.</summary>
public enum RecordedAnswerKind
{
    /// <summary>With a result.</summary>
    Result,

    /// <summary>With a JSON-RPC error by the server.</summary>
    Error,

    /// <summary>By the gateway, which did not let it pass.</summary>
    Refusal,

    /// <summary>Not at all: it was cancelled, or the server ended before.</summary>
    None,

    /// <summary>The answer was not kept.</summary>
    NotKept,
}

/// <summary>The answer to a recorded call.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Bytes">The result or error object as it passed, UTF-8 JSON; empty where there is none.</param>
/// <param name="Code">The refusal's code; empty where there is none.</param>
/// <param name="Text">The refusal's words, or why there is no answer.</param>
public sealed record RecordedAnswer(RecordedAnswerKind Kind, ReadOnlyMemory<byte> Bytes, string Code, string Text)
{
    /// <summary>Whether parts that look secret were taken out before it was kept.</summary>
    public bool IsRedacted { get; init; }
}

/// <summary>A call of a recorded run: what was asked, and what was answered.</summary>
public sealed class RecordedCall
{
    private readonly IKeptContents _contents;
    private readonly Record _request;
    private readonly KeptContent _input;

    internal RecordedCall(int step, TrailAction action, Record request, Record? completion, string method, string? name, IKeptContents contents)
    {
        (Step, Action, Method, Name, _request, _contents) = (step, action, method, name, request, contents);
        _input = contents.Find(request, "input");
        Answer = AnswerOf(completion);
        Completed = completion?.Time;
    }

    /// <summary>Its place among the calls of the run, from 1.</summary>
    public int Step { get; }

    /// <summary>The action.</summary>
    public TrailAction Action { get; }

    /// <summary>The JSON-RPC method.</summary>
    public string Method { get; }

    /// <summary>The tool's or prompt's name; null for other methods.</summary>
    public string? Name { get; }

    /// <summary>The call in a few words.</summary>
    public string Title => Name is null ? Method : $"{Method} {Name}";

    /// <summary>How it was answered.</summary>
    public RecordedAnswer Answer { get; }

    /// <summary>When it was answered first; null: it was not.</summary>
    public DateTimeOffset? Completed { get; }

    /// <summary>Whether what was asked is kept whole, so that differences can be shown and not only told.</summary>
    public bool HasInput => _input is { Bytes: not null, IsRedacted: false };

    internal bool IsOf(WorldCall call) => Method == call.Method && Name == call.Name;

    /// <summary>Whether a call asks the same; null when that can't be told.</summary>
    internal bool? Asks(WorldCall call) =>
        _contents.Matches(_request, "input", call.Input.Span) is true ? true
            : HasInput ? JsonPointers.AreEqual(Recorded(call), call.Compared)
            : _contents.Matches(_request, "input", call.Input.Span);

    /// <summary>Where a call asks otherwise; empty when that can't be shown.</summary>
    internal IReadOnlyList<JsonDifference> DifferencesTo(WorldCall call) => HasInput ? JsonPointers.Differences(Recorded(call), call.Compared) : [];

    private JsonElement Recorded(WorldCall call) => JsonPointers.Parse(_input.Bytes!.Value, withoutMeta: call.Arguments.IsEmpty);

    private RecordedAnswer AnswerOf(Record? completion)
    {
        if (completion is null)
        {
            return new RecordedAnswer(RecordedAnswerKind.None, default, "open", "no outcome is recorded");
        }

        var body = completion.ReadBody();
        var status = body.Text("status") ?? "?";
        var error = body.Object("error");
        var (code, words) = (error?.Text("code") ?? status, error?.Text("message") ?? "");
        switch (status)
        {
            case "refused":
                return new RecordedAnswer(RecordedAnswerKind.Refusal, default, code, words.Length == 0 ? "it was refused" : words);
            case "cancelled" or "lost":
                return new RecordedAnswer(RecordedAnswerKind.None, default, code, $"{status}: {(words.Length == 0 ? "not answered" : words)}");
            default:
                var output = _contents.Find(completion, "output");
                return output.Bytes is { } bytes
                    ? new RecordedAnswer(status == "protocol_error" ? RecordedAnswerKind.Error : RecordedAnswerKind.Result, bytes, code, "") { IsRedacted = output.IsRedacted }
                    : new RecordedAnswer(RecordedAnswerKind.NotKept, default, status, output.WhyNot!);
        }
    }
}
