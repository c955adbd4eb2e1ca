using Cairn.Gateway.Admission;
using Cairn.Gateway.Forwarding;
using Cairn.Gateway.Framing;
using Cairn.Gateway.Messages;

namespace Cairn.Gateway.Capture;

/// <summary>What the messages of one line turn out to need, gathered message by message.</summary>
/// <param name="line">The line without its end.</param>
internal sealed class LineFindings(ReadOnlyMemory<byte> line)
{
    // Made only where a policy decides: without one a line costs what it needs.
    private List<MessageAdmission>? _admissions;
    private List<OpenAction>? _inputs;
    private HashSet<McpMessage>? _dropped;
    private List<MessageAdmission>? _follows;
    private Dictionary<McpMessage, IReadOnlyList<LineSplice>>? _changes;

    /// <summary>The line without its end.</summary>
    public ReadOnlyMemory<byte> Line => line;

    /// <summary>Records that must be durable before the line passes.</summary>
    public List<Task<string?>> Evidence { get; } = [];

    /// <summary>Its requests.</summary>
    public List<PendingRequest> Requests { get; } = [];

    /// <summary>Changes to the line where no policy decides.</summary>
    public List<LineSplice> Splices { get; } = [];

    /// <summary>Answers whose receiver is told should their evidence fail.</summary>
    public List<MessageId> Withheld { get; } = [];

    /// <summary>Messages that the pipeline is asked about.</summary>
    public IReadOnlyList<MessageAdmission> Admissions => _admissions ?? [];

    /// <summary>Inputs that the answer at hand asks for, where a policy decides about them.</summary>
    public List<OpenAction> Inputs => _inputs ??= [];

    public void Add(MessageAdmission admission) => (_admissions ??= []).Add(admission);

    /// <summary>Takes the inputs gathered so far; null when there are none.</summary>
    public IReadOnlyList<OpenAction>? TakeInputs()
    {
        var inputs = _inputs;
        _inputs = null;
        return inputs;
    }

    /// <summary>A message does not pass.</summary>
    public void Drop(McpMessage message) => (_dropped ??= []).Add(message);

    /// <summary>The line cancels a message, and must not overtake it.</summary>
    public void Follow(MessageAdmission cancelled) => (_follows ??= []).Add(cancelled);

    /// <summary>A message that nobody is asked about passes with changes, where a policy decides.</summary>
    public void Change(McpMessage message, IReadOnlyList<LineSplice> splices) => (_changes ??= [])[message] = splices;

    /// <summary>Adds a record that must be durable first; null: there is none.</summary>
    public void Expect(Task<string?>? durable)
    {
        if (durable is not null)
        {
            Evidence.Add(durable);
        }
    }

    public Passage ToPassage(Line whole, ScannedLine scanned) => new(whole, Splices.Count == 0 ? whole.Bytes : LineSplice.Apply(whole.Bytes.Span, Splices))
    {
        Evidence = Evidence,
        Requests = Requests,
        Withheld = Withheld,
        IsBatch = scanned.IsBatch,
        Guard = _admissions is null && _dropped is null && _follows is null && _changes is null
            ? null
            : new PassageGuard(scanned.Messages, _admissions ?? [], _dropped ?? [], _follows ?? [], _changes ?? []),
    };
}
