using Cairn.Evidence;
using Cairn.Evidence.Submissions;
using Cairn.Gateway.Authority;
using Cairn.Sdk;

namespace Cairn.Gateway;

/// <summary>Who started a task, as far as the gateway can know.</summary>
/// <param name="Principal">The principal, such as <c>os-user:alice</c>.</param>
/// <param name="Authenticated">How that is known, such as <c>os-uid:1000</c>.</param>
public sealed record TaskInitiator(string Principal, string Authenticated)
{
    /// <summary>The operating system's user that runs this process: the kernel knows it, nobody claimed it.</summary>
    public static TaskInitiator OperatingSystemUser() =>
        new($"os-user:{Environment.UserName}", OperatingSystem.IsWindows() ? "os-process-owner" : $"os-uid:{Processes.UnixSignal.UserId}");
}

/// <summary>What a token shows, as whoever issued it has confirmed.</summary>
/// <param name="CredentialId">Its public id.</param>
/// <param name="Chain">Who handed authority on, from the initiating principal to the last giver.</param>
/// <param name="Scopes">What it permits.</param>
public sealed record ShownAuthority(string CredentialId, IReadOnlyList<string> Chain, IReadOnlyList<string> Scopes);

/// <summary>What to wrap and how to record it.</summary>
public sealed record GatewayOptions
{
    /// <summary>The member of <c>params._meta</c> that servers find a credential under where nothing else is agreed.</summary>
    public const string StandardCredentialMember = "cairn/credential";

    /// <summary>The agent whose calls are recorded: the actor of every record.</summary>
    public required SpiffeId Agent { get; init; }

    /// <summary>Who answers for the agent.</summary>
    public required string Owner { get; init; }

    /// <summary>The server's command, found on PATH as a shell would.</summary>
    public required string Command { get; init; }

    /// <summary>The command's arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Environment variables set for the server on top of the gateway's own; null removes one.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>How much of inputs and outputs is kept.</summary>
    public CaptureProfile Capture { get; init; } = CaptureProfile.Metadata;

    /// <summary>
    /// The caller's position in its trace (the environment variable TRACEPARENT): this run takes part in that trail.
    /// Null: this run is a task of its own.
    /// </summary>
    public TraceParent? Caller { get; init; }

    /// <summary>Strict: the record of an action is durable before the action passes, and an action without it is refused.</summary>
    public bool Strict { get; init; } = true;

    /// <summary>The initiating principal; the operating system's user where nothing else is said.</summary>
    public TaskInitiator Initiator { get; init; } = TaskInitiator.OperatingSystemUser();

    /// <summary>The ledger to ask how many records others wrote into a trail that this run is the root of; null: only its own are counted.</summary>
    public ILedgerClient? Ledger { get; init; }

    /// <summary>Longest message in bytes that is looked into. Longer ones are refused from the client and pass unread from the server.</summary>
    public int MaxMessageBytes { get; init; } = 256 * 1024 * 1024;

    /// <summary>Bytes of messages that may be on their way in one direction; a single larger message passes alone.</summary>
    public long MaxBytesUnderWay { get; init; } = 64 * 1024 * 1024;

    /// <summary>Unanswered requests in one direction; more are refused.</summary>
    public int MaxUnanswered { get; init; } = 100_000;

    /// <summary>
    /// How long the server may go on in silence after the client closed its end, before SIGTERM. Clients wait about five
    /// seconds for their server before they kill it, and then no end could be recorded.
    /// </summary>
    public TimeSpan ExitGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The same while requests are unanswered: a client may close its end and still read the answers.</summary>
    public TimeSpan UnansweredGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the server may take to end after SIGTERM, before SIGKILL.</summary>
    public TimeSpan TerminateGrace { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>The same when the gateway itself was told to end: whoever told it is waiting.</summary>
    public TimeSpan HurriedGrace { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an answer to a cancelled request is waited for, before its action counts as cancelled.</summary>
    public TimeSpan CancelGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the end of a run waits for the ledger; what is not delivered by then stays spooled.</summary>
    public TimeSpan FlushTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The way in, for <c>task.started</c>.</summary>
    public string Channel { get; init; } = "mcp/stdio";

    /// <summary>OpenTelemetry's <c>network.transport</c> of the way in.</summary>
    public string Transport { get; init; } = "pipe";

    /// <summary>
    /// What decides about actions: opened once the run's trail is, and before the server starts. The gateway sets capture,
    /// strictness, clock and log itself. Null: actions are recorded, and pass.
    /// </summary>
    public Func<RunRecords, CancellationToken, ValueTask<ActionPipelineOptions>>? Authority { get; init; }

    /// <summary>
    /// Awaited when no action passes any more and before the run's trails end: whoever wrote into them on its behalf, such as
    /// a broker, closes its part. Null: nobody did.
    /// </summary>
    public Func<ValueTask>? Ending { get; init; }

    /// <summary>
    /// Who handed authority on, from the initiating principal to the last giver, as others than the agent have told. Null:
    /// the initiator alone where the run is a task of its own, and nobody known where it takes part in another's trail. Where
    /// <see cref="Shown"/> is given, its chain stands in place of it.
    /// It holds for the run's own trail: in a trail that a request names, nobody is known.
    /// </summary>
    public IReadOnlyList<string>? DelegationChain { get; init; }

    /// <summary>The member of <c>params._meta</c> in which the server gets the credential that the policy grants. A client's own value never passes.</summary>
    public string CredentialMember { get; init; } = StandardCredentialMember;

    /// <summary>How long a line waits for decisions and credentials before the messages that have none step aside and let others by.</summary>
    public TimeSpan OrderPatience { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Messages that may have stepped aside, each way together; further actions are refused.</summary>
    public int MaxWaiting { get; init; } = 1000;

    /// <summary>The token that shows on whose behalf the agent acts. A secret: it goes to the broker and nowhere else. Null: none.</summary>
    public string? SubjectToken { get; init; }

    /// <summary>What the broker says of <see cref="SubjectToken"/>; null: nobody has checked it, so that it shows nothing.</summary>
    public ShownAuthority? Shown { get; init; }

    /// <summary>The clock of durations and graces.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
