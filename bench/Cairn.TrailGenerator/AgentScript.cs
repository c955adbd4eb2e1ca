using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.TrailGenerator;

/// <summary>
/// One agent's part of a trail: it begins, is shown its tools, calls them under a policy and with credentials, asks people,
/// hands work on to others, and ends. Between two steps others go on.
/// </summary>
internal sealed class AgentScript(TrailScript trail, Fleet fleet, Actor agent, SpanId? caller, int depth)
{
    private const int Deepest = 4;
    private const int MostAtWork = 12;

    private static readonly string[] Tools = ["read_file", "search", "list_orders", "get_order", "write_file", "update_order", "send_mail"];
    private static readonly string[] Writing = ["write_file", "update_order", "send_mail"];

    private readonly Seeded _random = fleet.Random;
    private readonly FleetEmitter _gateway = fleet.GatewayOf(agent);
    private readonly SpanId _task = caller is null ? fleet.Random.Span() : caller.Value;
    private string? _credential;
    private int _used;

    /// <summary>The steps; after each one others may do theirs.</summary>
    public IEnumerable<bool> Work()
    {
        var begin = new Place(_task, caller is null ? null : Parent);
        if (caller is null || !_random.Chance(fleet.Options.Faults))
        {
            trail.Tell(_gateway, RecordKinds.TaskStarted, agent, begin, Bodies.Start(agent, depth));
        }

        trail.Tell(_gateway, RecordKinds.ContextCaptured, agent, Under(), Bodies.Manifest(_random, Tools, changed: false));
        trail.Tell(_gateway, RecordKinds.PolicyLoaded, agent, Under(), Bodies.Policy());
        yield return true;
        var acts = 0;
        // All that are at work have an end to tell, and what they are at.
        while (trail.Left > 6 * trail.Working && (depth == 0 || acts < 40 + (10 * _random.Below(40))))
        {
            acts++;
            foreach (var step in Act())
            {
                yield return step;
            }
        }

        if (!_random.Chance(fleet.Options.Faults))
        {
            trail.Tell(_gateway, RecordKinds.TaskEnded, agent, begin, Bodies.End(_gateway, trail.Told(_gateway) + 1));
        }

        if (_delegation is { } given)
        {
            trail.Tell(fleet.GatewayOf(_giver!), RecordKinds.DelegationEnded, _giver!, new Place(_task, Parent), Bodies.DelegationEnd(given, _task));
        }
    }

    private SpanId? Parent { get; init; }

    private readonly RecordId? _delegation;
    private readonly Actor? _giver;

    private AgentScript(TrailScript trail, Fleet fleet, Actor agent, SpanId task, int depth, Actor giver, SpanId parent, RecordId delegation)
        : this(trail, fleet, agent, task, depth) => (_giver, Parent, _delegation) = (giver, parent, delegation);

    private Place Under() => new(_task, null, _task);

    private IEnumerable<bool> Act() => _random.Below(100) switch
    {
        < 8 => Model(),
        < 10 when depth < Deepest && trail.Working < MostAtWork && trail.Left > 200 => HandOn(),
        < 12 => Ask(),
        < 16 => Retry(),
        < 18 => SelfReported(),
        < 20 => Egress(),
        _ when _random.Chance(fleet.Options.Faults) => Faults.Plant(this),
        _ => Call(_random.Of<string>(Tools)),
    };

    /// <summary>A tool call that is decided on, done with a credential, and confirmed by the target where it writes.</summary>
    internal IEnumerable<bool> Call(string tool, string status = "ok", bool decided = true, string decision = "allow", string? effect = "ok")
    {
        var (request, place) = Ids();
        var writes = Writing.Contains(tool);
        var decides = decided ? Decide(request, decision) : (RecordId?)null;
        var credential = Credential();
        Request(request, place, tool, writes, decides, credential);
        yield return true;
        if (credential is not null && _random.Chance(0.25))
        {
            trail.Tell(fleet.Broker, RecordKinds.CredentialUsed, agent, place, Bodies.Use(credential, agent, request, tool));
        }

        Complete(request, place, tool, status);
        if (writes && status == "ok" && effect is not null)
        {
            yield return true;
            trail.Tell(fleet.Importer, RecordKinds.EffectObserved, agent, place, Bodies.Effect(_random, request, tool, effect));
        }
    }

    /// <summary>A call whose first attempts fail.</summary>
    private IEnumerable<bool> Retry()
    {
        var tool = _random.Of<string>(Tools);
        for (var attempt = 1 + _random.Below(3); attempt >= 0; attempt--)
        {
            foreach (var step in Call(tool, attempt == 0 ? "ok" : "tool_error"))
            {
                yield return step;
            }
        }
    }

    private IEnumerable<bool> Model()
    {
        var (request, place) = Ids();
        trail.Tell(SelfEmitter, RecordKinds.ActionRequested, agent, place, Bodies.Request(_random, "model.call", "https://models.example.org/v1/chat", false, null, null, null), request);
        yield return true;
        trail.Tell(SelfEmitter, RecordKinds.ActionCompleted, agent, place, Bodies.Complete(_random, request, "model.call", "https://models.example.org/v1/chat", "ok"));
    }

    /// <summary>What the agent tells of itself beside what the gateway saw.</summary>
    private IEnumerable<bool> SelfReported()
    {
        var (request, place) = Ids();
        var resource = $"mcp://orders/tools/{_random.Of<string>(Tools)}";
        trail.Tell(SelfEmitter, RecordKinds.ActionRequested, agent, place, Bodies.Request(_random, "tool.call", resource, false, null, null, null), request);
        yield return true;
        trail.Tell(SelfEmitter, RecordKinds.ActionCompleted, agent, place, Bodies.Complete(_random, request, "tool.call", resource, "ok"));
    }

    private IEnumerable<bool> Egress()
    {
        var (request, place) = Ids();
        var resource = $"https://api-{_random.Below(20)}.example.org/v2/items";
        trail.Tell(_gateway, RecordKinds.ActionRequested, agent, place, Bodies.Request(_random, "http.request", resource, false, Decide(request, "allow"), null, null), request);
        yield return true;
        trail.Tell(_gateway, RecordKinds.ActionCompleted, agent, place, Bodies.Complete(_random, request, "http.request", resource, "ok"));
    }

    /// <summary>An act that a person must approve: sometimes the answer is no.</summary>
    private IEnumerable<bool> Ask()
    {
        var (request, place) = Ids();
        Decide(request, "needs_approval");
        var digest = Bodies.Digest(_random);
        var question = trail.Tell(_gateway, RecordKinds.ApprovalRequested, agent, place, Bodies.Question(request, digest, fleet.Now.AddHours(1)));
        yield return true;
        var yes = !_random.Chance(0.2);
        var answer = trail.Tell(_gateway, RecordKinds.ApprovalRecorded, agent, place, Bodies.Answer(question, digest, yes ? "approved" : "denied"));
        yield return true;
        var decision = Decide(request, yes ? "allow" : "deny", answer);
        Request(request, place, "update_order", true, decision, null, answer);
        yield return true;
        Complete(request, place, "update_order", yes ? "ok" : "refused");
        if (yes)
        {
            trail.Tell(fleet.Importer, RecordKinds.EffectObserved, agent, place, Bodies.Effect(_random, request, "update_order", "ok"));
        }
    }

    /// <summary>Work is handed on to a few other agents, which go on at the same time as this one.</summary>
    private IEnumerable<bool> HandOn()
    {
        for (var i = 1 + _random.Below(3); i > 0; i--)
        {
            var (to, span) = (_random.Of<Actor>([.. fleet.Agents]), _random.Span());
            var given = trail.Tell(_gateway, RecordKinds.DelegationGranted, agent, new Place(span, _task, _task), Bodies.Delegation(agent, to, span, fleet.Now.AddHours(12)));
            trail.Begin(new AgentScript(trail, fleet, to, span, depth + 1, agent, _task, given));
            yield return true;
        }
    }

    internal Seeded Random => _random;

    internal FleetEmitter Gateway => _gateway;

    internal FleetEmitter SelfEmitter => fleet.SelfOf(agent);

    internal Actor Agent => agent;

    internal TrailScript Trail => trail;

    internal (RecordId Request, Place Place) Ids() => (_random.Record(fleet.Now), new Place(_random.Span(), _task, _task));

    internal RecordId Decide(RecordId request, string decision, RecordId? approval = null) =>
        trail.Tell(_gateway, RecordKinds.PolicyDecided, agent, Under(), Bodies.Decision(_random, request, decision, approval));

    internal void Request(RecordId request, Place place, string tool, bool writes, RecordId? decision, string? credential, RecordId? approval = null) => trail.Tell(
        _gateway, RecordKinds.ActionRequested, agent, place, Bodies.Request(_random, "tool.call", $"mcp://orders/tools/{tool}", writes, decision, credential, approval), request);

    internal void Complete(RecordId request, Place place, string tool, string status) => trail.Tell(
        _gateway, RecordKinds.ActionCompleted, agent, place, Bodies.Complete(_random, request, "tool.call", $"mcp://orders/tools/{tool}", status));

    // A credential serves some thirty calls; then another is issued, and sometimes the old one revoked.
    private string? Credential()
    {
        if (_random.Chance(0.4))
        {
            return null;
        }

        if (_credential is null || _used++ > 30)
        {
            if (_credential is not null && _random.Chance(0.3))
            {
                trail.Tell(fleet.Broker, RecordKinds.CredentialRevoked, agent, Under(), Bodies.Revocation(_credential));
            }

            _credential = $"c-{_random.Next():x16}";
            _used = 0;
            trail.Tell(fleet.Broker, RecordKinds.CredentialIssued, agent, Under(), Bodies.Issue(_credential, agent, fleet.Now.AddHours(8)));
        }

        return _credential;
    }
}
