using Cairn.Evidence.Records;
using Cairn.Gateway;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Capture;
using Cairn.Sdk;

namespace Cairn.HttpGateway.Sessions;

/// <summary>What a session understands and records with: the stdio gateway's own parts.</summary>
internal sealed class SessionParts
{
    /// <param name="options">How to record.</param>
    /// <param name="caller">Whose session it is.</param>
    /// <param name="outlet">Where the records go.</param>
    /// <param name="keys">Keys of the trails.</param>
    /// <param name="server">The server's name until it tells its own.</param>
    /// <param name="secrets">What no record of the session may hold.</param>
    public SessionParts(GatewayOptions options, Caller caller, EvidenceOutlet outlet, ITrailKeys keys, string server, KnownSecrets secrets)
    {
        Secrets = secrets;
        var sink = new EvidenceSink(outlet, new Actor(caller.Agent, caller.Instance, caller.Owner));
        Peers = new PeerContext(server, options.Capture != CaptureProfile.Metadata);
        Trails = new TrailParts(options, sink, keys, Peers.Notes);
        Gaps = new GapCounter(sink, Trails, options.Time);
        Actions = new ActionRecorder(options, sink, new ActionRecords(outlet, keys, options.Time, options.Strict), caller, secrets);
        Describer = new ActionDescriber(Peers, options.Transport);
        Rounds = new InputRounds(Actions, Describer);
        Answers = new AnswerBook(options, Actions, Rounds, Peers, Gaps, Trails);
    }

    public KnownSecrets Secrets { get; }

    public PeerContext Peers { get; }

    public TrailParts Trails { get; }

    public GapCounter Gaps { get; }

    public ActionRecorder Actions { get; }

    public ActionDescriber Describer { get; }

    public InputRounds Rounds { get; }

    public AnswerBook Answers { get; }
}
