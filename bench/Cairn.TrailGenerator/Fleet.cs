using Cairn.Evidence;
using Cairn.Evidence.Records;

namespace Cairn.TrailGenerator;

/// <summary>
/// Agents on several hosts at work: an endless series of records as they are made, and of statements as they arrive. A pure
/// function of its options. What one process has read of a fleet is gone: make another to begin again.
/// </summary>
public sealed class Fleet
{
    private readonly Seeded _random;
    private readonly List<TrailScript> _running = [];
    private readonly List<FleetRecord> _made = [];
    private readonly FleetEmitter[] _gateways;
    private readonly Actor[] _agents;
    private readonly Dictionary<Actor, FleetEmitter> _selves = [];
    private readonly List<FleetEmitter> _emitters = [];
    private long _told;

    /// <summary>A fleet at its beginning.</summary>
    public Fleet(FleetOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        (Options, _random) = (options, new Seeded(options.Seed));
        _gateways = [.. Enumerable.Range(0, options.Hosts).Select(host => Add($"gateway/host-{host}"))];
        _agents = [.. Enumerable.Range(0, options.Agents).Select(agent => new Actor(
            IdOf($"agent/{Names[agent % Names.Length]}-{agent}"), $"host-{agent % options.Hosts}:{4000 + agent}", $"team-{agent % 4}@example.org"))];
        Broker = Add("gateway/broker");
        Importer = Add("importer/orders-db");
        foreach (var agent in _agents)
        {
            _selves[agent] = Add(agent.Id.Path[1..]);
        }
    }

    /// <summary>What is generated.</summary>
    public FleetOptions Options { get; }

    /// <summary>All that sign.</summary>
    public IReadOnlyList<FleetEmitter> Emitters => _emitters;

    internal FleetEmitter Broker { get; }

    internal FleetEmitter Importer { get; }

    internal IReadOnlyList<Actor> Agents => _agents;

    internal Seeded Random => _random;

    /// <summary>The time by a clock that is right.</summary>
    internal DateTimeOffset Now => Options.Begins + (_told * Options.Step);

    /// <summary>The records in the order in which they are made; it never ends.</summary>
    public IEnumerable<FleetRecord> Records()
    {
        while (true)
        {
            while (_running.Count < Options.Parallel)
            {
                _running.Add(new TrailScript(this, _random.Trace()));
            }

            var place = _random.Below(_running.Count);
            if (!_running[place].Step())
            {
                _running.RemoveAt(place);
            }

            foreach (var record in _made)
            {
                yield return record;
            }

            _made.Clear();
        }
    }

    /// <summary>The records of one trail, whole, in the order in which they are made.</summary>
    public IEnumerable<FleetRecord> Trail()
    {
        var script = new TrailScript(this, _random.Trace());
        for (var goesOn = true; goesOn;)
        {
            goesOn = script.Step();
            foreach (var record in _made)
            {
                yield return record;
            }

            _made.Clear();
        }
    }

    internal FleetEmitter GatewayOf(Actor agent) => _gateways[Array.IndexOf(_agents, agent) % _gateways.Length];

    internal FleetEmitter SelfOf(Actor agent) => _selves[agent];

    internal void Made(FleetEmitter emitter, byte[] record)
    {
        _made.Add(new FleetRecord(emitter, record));
        _told++;
    }

    private static readonly string[] Names = ["planner", "coder", "researcher", "billing", "reviewer", "support"];

    private SpiffeId IdOf(string path) => SpiffeId.Parse($"spiffe://{Options.TrustDomain}/{path}");

    // Clocks of real hosts differ; by far less than what rules allow for.
    private FleetEmitter Add(string path)
    {
        var emitter = new FleetEmitter(_emitters.Count, IdOf(path), _random.Stream(), TimeSpan.FromMilliseconds(_random.Below(800) - 400));
        _emitters.Add(emitter);
        return emitter;
    }
}
