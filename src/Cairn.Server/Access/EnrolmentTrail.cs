using System.Globalization;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Evidence.Submissions;
using Cairn.Evidence.Trust;
using Cairn.Identity;
using Cairn.Ledger;
using Cairn.Sdk;

namespace Cairn.Server.Access;

/// <summary>
/// Whom this run of the server enrolled, as a trail of its own, signed by the ledger's operator identity. Begun with the first
/// enrolment: a server that enrols nobody writes nothing. Used by one caller at a time.
/// </summary>
internal sealed class EnrolmentTrail(LedgerDirectory directory, EmbeddedLedger ledger, LocalAuthority authority, CairnServerOptions options) : IAsyncDisposable
{
    private readonly TraceId _trace = TraceId.New();
    private readonly SpanId _task = SpanId.New();
    private readonly string _by = $"{Environment.UserName}@{Environment.MachineName}";
    private Emitter? _emitter;

    /// <summary>Records an enrolment; durable when it returns.</summary>
    /// <param name="request">What was asked for, signed by the key.</param>
    /// <param name="role">What the trust policy makes of the id.</param>
    /// <param name="expires">When the first SVID ends.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="EvidenceUnavailableException">It can't be recorded: nobody is enrolled.</exception>
    public async ValueTask RecordAsync(SvidRequest request, EmitterRole role, DateTimeOffset expires, CancellationToken cancel)
    {
        _emitter ??= await BeginAsync(cancel);
        await _emitter.EmitDurableAsync(
            Draft(_emitter, RecordKinds.LedgerEnrolled, json =>
            {
                json.WriteString("by"u8, _by);
                json.WriteString("emitter"u8, request.Id.ToString());
                json.WriteString("role"u8, role == EmitterRole.Gateway ? "gateway"u8 : "agent"u8);
                json.WriteString("key"u8, request.KeyThumbprint.ToString());
                json.WriteString("expires"u8, expires.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
                json.WriteString("method"u8, "join-token"u8);
            }),
            cancel);
    }

    /// <summary>Ends the trail, where it was begun.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_emitter is not { } emitter)
        {
            return;
        }

        emitter.Emit(Draft(emitter, RecordKinds.TaskEnded, json =>
        {
            // Counted when the record gets its place in the trail, so that it counts itself.
            var own = new EmitterCount(emitter.Issuer, emitter.Stream, emitter.RecordsIn(_trace) + 1);
            json.WriteString("status"u8, "done"u8);
            json.WriteStartArray("emitters"u8);
            json.WriteStartObject();
            json.WriteString("emitter"u8, own.Emitter.ToString());
            json.WriteString("stream"u8, own.Stream.ToString());
            json.WriteNumber("records"u8, own.Records);
            json.WriteEndObject();
            json.WriteEndArray();
        }));
        await emitter.DisposeAsync();
    }

    private async Task<Emitter> BeginAsync(CancellationToken cancel)
    {
        var id = SpiffeId.Parse($"spiffe://{directory.TrustDomain}/operator/ledger");
        var emitter = await Emitter.StartAsync(
            new EmitterOptions
            {
                Issuer = id,
                Signer = authority.SourceFor(id),
                SpoolPath = directory.SpoolPath,
                Self = new Actor(id, $"{Environment.MachineName}:{Environment.ProcessId}", _by),
                Time = options.Time,
                Log = options.Log,
            },
            ledger, cancel);
        emitter.Emit(Draft(emitter, RecordKinds.TaskStarted, json =>
        {
            json.WriteString("principal"u8, _by);
            json.WriteString("authenticated"u8, "os-user"u8);
            json.WriteString("channel"u8, "http/enrol"u8);
            json.WriteString("owner"u8, _by);
        }));
        return emitter;
    }

    private RecordDraft Draft(Emitter emitter, string kind, Action<Utf8JsonWriter> body) => new()
    {
        Kind = kind,
        Trace = _trace,
        Span = _task,
        Task = _task,
        Actor = new Actor(emitter.Issuer, $"{Environment.MachineName}:{Environment.ProcessId}", _by),
        Body = body,
    };
}
