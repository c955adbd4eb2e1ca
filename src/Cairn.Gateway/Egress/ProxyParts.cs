using Cairn.Evidence;
using Cairn.Evidence.Submissions;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Tasks;
using Cairn.Sdk;

namespace Cairn.Gateway.Egress;

/// <summary>The trails that a proxy writes into: its own, and one more for each trace that a request names.</summary>
internal sealed class ProxyParts
{
    private const string Channel = "proxy/http";

    /// <summary>Trails of others that are open; a request that names one more is recorded in the run's own, with what it named.</summary>
    private const int MostOpen = 256;

    private readonly Lock _gate = new();
    private readonly Dictionary<TraceId, TaskPart> _others = [];
    private readonly ProxyOptions _options;
    private readonly EvidenceOutlet _outlet;
    private readonly ITrailKeys _keys;

    public ProxyParts(ProxyOptions options, EvidenceOutlet outlet, ITrailKeys keys)
    {
        (_options, _outlet, _keys) = (options, outlet, keys);
        Main = TaskPart.Open(options, outlet, keys, Channel);
    }

    public TaskPart Main { get; }

    /// <summary>The part that a request belongs to, and the caller's span in it.</summary>
    public (TaskPart Part, SpanId Parent) For(TraceParent? caller)
    {
        if (caller is not { } named)
        {
            return (Main, Main.Span);
        }

        if (named.Trace == Main.Trace)
        {
            return (Main, named.Span);
        }

        lock (_gate)
        {
            if (!_others.TryGetValue(named.Trace, out var part))
            {
                if (_others.Count >= MostOpen)
                {
                    return (Main, Main.Span);
                }

                part = TaskPart.Open(_options, _outlet, _keys, Channel, named.Trace, named.Span, SpanId.New());
                _others.Add(named.Trace, part);
            }

            return (part, named.Span);
        }
    }

    /// <summary>Ends them all.</summary>
    public async Task EndAsync(string status, string? reason, TextWriter log, TimeProvider time)
    {
        lock (_gate)
        {
            foreach (var part in _others.Values)
            {
                part.End(status, reason, Array.Empty<EmitterCount>());
            }

            _others.Clear();
        }

        await Main.EndAsync(status, reason, log, time).ConfigureAwait(false);
    }
}
