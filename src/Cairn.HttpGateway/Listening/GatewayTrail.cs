using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.HttpGateway.Callers;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.HttpGateway.Listening;

/// <summary>
/// The gateway's own trail, for what is no agent's doing: the policy bundles that it takes into use, and the broker's tokens
/// that it does not accept, because who showed them is nobody it knows. Opened with the first of them; a decision in any
/// trail names its bundle's digest.
/// </summary>
internal sealed class GatewayTrail
{
    private readonly Lock _gate = new();
    private readonly EvidenceSink _sink;
    private readonly TrailParts _trails;
    private bool _isEnded;

    /// <param name="gateway">The gateway.</param>
    /// <param name="outlet">Where the records go.</param>
    /// <param name="keys">Keys of the trails.</param>
    /// <param name="time">The clock.</param>
    public GatewayTrail(SpiffeId gateway, EvidenceOutlet outlet, ITrailKeys keys, TimeProvider time)
    {
        var initiator = TaskInitiator.OperatingSystemUser();
        _sink = new EvidenceSink(outlet, new Actor(gateway, $"{Environment.MachineName}:{Environment.ProcessId}", initiator.Principal));
        var options = new GatewayOptions { Agent = gateway, Owner = initiator.Principal, Command = "gateway", Initiator = initiator, Channel = "gateway", Time = time };
        _trails = new TrailParts(options, _sink, keys, new ContextNotes());
    }

    /// <summary>Records a bundle before it decides anything, or that one was rejected.</summary>
    /// <exception cref="EvidenceUnavailableException">It can't be recorded durably: it must not be used.</exception>
    public async ValueTask RecordAsync(string route, BundleChange change)
    {
        var durable = Emit(RecordKinds.PolicyLoaded, writer => BundleRecord.Write(writer, change), route)
            ?? throw new EvidenceUnavailableException("the gateway's own trail has ended", null, isKept: false);
        if (await durable.ConfigureAwait(false) is { } reason && change.Loaded)
        {
            throw new EvidenceUnavailableException($"a policy bundle could not be recorded: {reason}", null, isKept: true);
        }
    }

    /// <summary>Records that a token of the broker's was not accepted. The refusal stands whether or not that can be recorded.</summary>
    /// <returns>Why it can't be; null: it is durable.</returns>
    public async ValueTask<string?> RefusedAsync(string route, RejectedAccessToken token, string error, string reason)
    {
        var durable = Emit(RecordKinds.CredentialRefused, writer => RejectionRecord.Write(writer, token, error, reason), route);
        return durable is null ? "the gateway's own trail has ended" : await durable.ConfigureAwait(false);
    }

    /// <summary>Ends the trail, where it was begun.</summary>
    public void End()
    {
        lock (_gate)
        {
            _isEnded = true;
            _trails.EndMain("done", "the gateway was told to end", []);
        }
    }

    /// <returns>Null when the trail has ended.</returns>
    private Task<string?>? Emit(string kind, Action<Utf8JsonWriter> body, string route)
    {
        lock (_gate)
        {
            if (_isEnded)
            {
                return null;
            }

            var part = _trails.Main;
            return _sink.EmitDurableAsync(_sink.Draft(kind, part, part.Task, part.Caller, body, new Dictionary<string, object> { ["cairn.route"] = route }));
        }
    }
}
