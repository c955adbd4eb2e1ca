using System.CommandLine;
using Cairn.Cli.Authorize;
using Cairn.Cli.Identity;
using Cairn.Cli.Terminal;
using Cairn.Evidence;
using Cairn.Gateway.Approvals;
using Cairn.Gateway.Authority;
using Cairn.Sdk;

namespace Cairn.Cli.Emit;

/// <summary>The options that the ways in share (<c>cairn mcp</c>, <c>exec</c>, <c>hook</c>, <c>proxy</c>): who acts, and where evidence goes.</summary>
internal sealed class WayInOptions
{
    private readonly string _name;

    /// <param name="name">The way in's name, which is the last part of its emitter's SPIFFE ID.</param>
    /// <param name="agent">The agent where none is named.</param>
    public WayInOptions(string name, string agent = "spiffe://cairn.local/agent/default")
    {
        _name = name;
        Agent = new Option<string>("--agent") { Description = "Who acts", HelpName = "SPIFFE-ID", DefaultValueFactory = _ => agent };
        Capture.AcceptOnlyFromAmong("metadata", "redacted", "full");
    }

    public Option<string?> Data { get; } = DataOption.Create();

    public Option<string?> Server { get; } = new("--server") { Description = "A ledger on another machine (cairn serve), in place of --data; CAIRN_ENROL_TOKEN joins it the first time", HelpName = "URL" };

    public Option<string> Agent { get; }

    public Option<string> Owner { get; } = new("--owner") { Description = "The person or team accountable for the agent", HelpName = "WHO", DefaultValueFactory = _ => $"{Environment.UserName}@{Environment.MachineName}" };

    public Option<string> Capture { get; } = new("--capture") { Description = "What is kept of inputs and outputs", HelpName = "metadata|redacted|full", DefaultValueFactory = _ => "metadata" };

    public Option<string?> Socket { get; } = SpiffeSocket.Create();

    public IEnumerable<Option> All => [Data, Server, Agent, Owner, Capture, Socket];

    /// <summary>An option as it was given on the command line.</summary>
    public static IEnumerable<string> Words(ParseResult parsed, Option option) =>
        parsed.GetResult(option) is { } given ? [option.Name, .. given.Tokens.Select(token => token.Value)] : [];

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in All)
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What was chosen.</summary>
    /// <exception cref="CliException">Options that exclude each other, or a server that is none.</exception>
    public WayIn Read(ParseResult parsed) => Read(
        _name, SpiffeId.Parse(parsed.GetRequiredValue(Agent)), parsed.GetRequiredValue(Owner), parsed.GetValue(Data), parsed.GetValue(Server), parsed.GetValue(Socket)) with
    {
        Capture = Enum.Parse<CaptureProfile>(parsed.GetRequiredValue(Capture), ignoreCase: true),
    };

    /// <summary>The same for a way in with options of its own.</summary>
    /// <exception cref="CliException">Options that exclude each other, or a server that is none.</exception>
    public static WayIn Read(string name, SpiffeId agent, string owner, string? data, string? server, string? socket)
    {
        if (server is not null && data is not null)
        {
            throw new CliException("--data and --server exclude each other: a ledger is on this machine or on another", $"cairn {name} --help");
        }

        Uri? address = null;
        if (server is not null && !(Uri.TryCreate(server, UriKind.Absolute, out address) && address.Scheme is "http" or "https"))
        {
            throw new CliException($"--server takes an http or https address, found \"{server}\"", $"cairn {name} --server http://127.0.0.1:7070 …");
        }

        return new WayIn(name, agent, owner, CaptureProfile.Metadata, address is null ? DataOption.Resolve(data) : null, address, SpiffeSocket.Resolve(socket));
    }
}

/// <summary>Who acts through a way in, and where its evidence goes.</summary>
/// <param name="Name">The way in.</param>
/// <param name="Agent">Who acts.</param>
/// <param name="Owner">Who answers for it.</param>
/// <param name="Capture">How much is kept.</param>
/// <param name="Data">The data directory; null with a server.</param>
/// <param name="Server">The ledger's server; null with a data directory.</param>
/// <param name="Socket">The Workload API that says who this process is; null: there is none.</param>
internal sealed record WayIn(string Name, SpiffeId Agent, string Owner, CaptureProfile Capture, string? Data, Uri? Server, Cairn.Workload.WorkloadEndpoint? Socket)
{
    /// <summary>Where state between runs and waiting approvals lie: the data directory, or this user's folder for the server.</summary>
    public string State => Data ?? StateOf(Server!);

    /// <summary>This user's folder for a ledger on another machine.</summary>
    public static string StateOf(Uri server) => Path.Combine(DataOption.State(), $"{server.Host}_{server.Port}");

    /// <summary>Opens the ledger and starts the emitter.</summary>
    /// <param name="role">The kind of emitter: <c>gateway</c> stands on the path and observes; <c>agent</c> reports.</param>
    /// <param name="sequence">Whether this process makes checkpoints when no other does.</param>
    /// <param name="cancel">Stops the start.</param>
    public Task<EmitterHost> OpenAsync(string role, bool sequence, CancellationToken cancel)
    {
        SpiffeId Issuer(string trustDomain) => SpiffeId.Parse($"spiffe://{trustDomain}/{role}/{Name}");
        return Server is { } server
            ? EmitterHost.RemoteAsync(server, State, Issuer(Agent.TrustDomain), Environment.GetEnvironmentVariable("CAIRN_ENROL_TOKEN"), Owner, cancel, Socket)
            : EmitterHost.EmbeddedAsync(Data!, Issuer, Owner, cancel, sequence, Socket);
    }

    /// <summary>What the pipeline decides with. The caller owns desk and policy.</summary>
    public ActionPipelineOptions Deciding(ApprovalDesk desk, WayPolicy policy) => new() { Capture = Capture, Approvals = desk, Policy = policy.Decides };

    /// <summary>The caller's position in its trace, from TRACEPARENT; null where there is none.</summary>
    public static TraceParent? Caller()
    {
        var text = Environment.GetEnvironmentVariable("TRACEPARENT");
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (TraceParent.TryParse(text, out var caller))
        {
            return caller;
        }

        Console.Error.WriteLine($"cairn: TRACEPARENT is not a W3C trace context (\"{text}\"); this run starts a trail of its own");
        return null;
    }
}
