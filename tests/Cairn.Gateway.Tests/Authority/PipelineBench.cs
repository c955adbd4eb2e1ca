using System.Text;
using Cairn.Evidence;
using Cairn.Evidence.Records;
using Cairn.Gateway.Approvals;
using Cairn.Gateway.Authority;
using Cairn.Gateway.Tests.Harness;
using Cairn.Identity;
using Cairn.Identity.Credentials;
using Cairn.Policy;
using Cairn.Sdk;

namespace Cairn.Gateway.Tests.Authority;

/// <summary>A pipeline on a real emitter, with a desk in a data directory of its own.</summary>
internal sealed class PipelineBench : IAsyncDisposable
{
    private readonly LocalAuthority _authority;
    private Emitter _emitter = null!;

    private PipelineBench()
    {
        _authority = LocalAuthority.Create(Path.Combine(Data, "ca"), "test.local");
        Desk = ApprovalDesk.Open(Data, log: Log);
    }

    public string Data { get; } = TestPaths.Scratch();

    public RecordingLedger Ledger { get; } = new();

    public StringWriter Log { get; } = new();

    public ApprovalDesk Desk { get; }

    public TraceId Trace { get; } = TraceId.New();

    public ActionPipeline Pipeline { get; private set; } = null!;

    public IReadOnlyList<Record> Records => Ledger.Records;

    public IEnumerable<string> Kinds => Records.Select(r => r.Kind);

    public static async Task<PipelineBench> StartAsync(
        Func<AuthorizationRequest, PolicyDecision>? decide = null, ICredentialSource? credentials = null,
        Func<ActionPipelineOptions, ActionPipelineOptions>? configure = null)
    {
        var bench = new PipelineBench();
        var gateway = SpiffeId.Parse("spiffe://test.local/gateway");
        bench._emitter = await Emitter.StartAsync(
            new EmitterOptions
            {
                Issuer = gateway,
                Signer = bench._authority.SourceFor(gateway),
                SpoolPath = Path.Combine(bench.Data, "spool"),
                DurableTimeout = TimeSpan.FromSeconds(1),
                MaxBackoff = TimeSpan.FromMilliseconds(100),
                ShutdownTimeout = TimeSpan.FromSeconds(1),
                Log = bench.Log.WriteLine,
            },
            bench.Ledger);
        var options = new ActionPipelineOptions
        {
            Policy = decide is null ? null : new DecidingPolicy(decide),
            Credentials = credentials,
            Approvals = bench.Desk,
            Log = bench.Log,
        };
        bench.Pipeline = new ActionPipeline(configure?.Invoke(options) ?? options, bench._emitter, new SevenKeys());
        return bench;
    }

    public ProposedAction Pay(int amount = 100) => new()
    {
        Caller = new Caller { Agent = SpiffeId.Parse("spiffe://test.local/agent/payer"), Instance = "test:1", Owner = "pat@example.org", SubjectToken = "subject-secret-token" },
        Trace = Trace,
        Parent = SpanId.New(),
        Task = SpanId.New(),
        Type = "tool.call",
        Name = "pay",
        Resource = "mcp://bank/tools/pay",
        Server = "bank",
        Input = Encoding.UTF8.GetBytes($"{{\"amount\":{amount}}}"),
    };

    /// <summary>Waits until a request lies on the desk.</summary>
    public async Task<ApprovalRequest> PendingAsync()
    {
        for (var i = 0; i < 500; i++)
        {
            if (Desk.Pending().FirstOrDefault(p => p.IsWaiting) is { } pending)
            {
                return pending.Request;
            }

            await Task.Delay(20);
        }

        throw new TimeoutException("nothing was laid on the desk");
    }

    public Record Only(string kind) => Assert.Single(Records, r => r.Kind == kind);

    public Task FlushAsync() => _emitter.FlushAsync().WaitAsync(TimeSpan.FromSeconds(10));

    public async ValueTask DisposeAsync()
    {
        Desk.Dispose();
        await _emitter.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(Data, recursive: true);
    }

    private sealed class SevenKeys : ITrailKeys
    {
        public byte[] KeyFor(TraceId trace) => [.. Enumerable.Repeat((byte)7, 32)];
    }
}

/// <summary>A decision point whose decisions a test writes down.</summary>
internal sealed class DecidingPolicy(Func<AuthorizationRequest, PolicyDecision> decide) : IPolicyDecisionPoint
{
    public ValueTask<PolicyDecision> DecideAsync(AuthorizationRequest request, CancellationToken cancellationToken) => ValueTask.FromResult(decide(request));

    public static PolicyDecision Decision(PolicyOutcome outcome, PolicyMode mode = PolicyMode.Enforce) => new()
    {
        Outcome = outcome,
        Mode = mode,
        Bundle = Digest.Sha256("bundle one"u8),
        Version = "1.0",
        EntryPoint = "authorize",
        Input = "{\"asked\":true}"u8.ToArray(),
        Determining = ["rule-7"],
        Reason = "because rule 7 says so",
        Engine = new PolicyEngine("test", "1", Digest.Sha256("engine"u8)),
        Duration = TimeSpan.FromMilliseconds(1),
    };

    public static PolicyDecision ApprovalUnlessApproved(AuthorizationRequest request) =>
        Decision(request.Approved ? PolicyOutcome.Allow : PolicyOutcome.NeedsApproval);
}

/// <summary>A credential source whose answers a test writes down.</summary>
internal sealed class ScriptedCredentials : ICredentialSource
{
    public const string Token = "the-secret-of-this-credential";

    private int _issued;

    public int Issued => _issued;

    public bool IsDown { get; set; }

    public Func<bool> IsActive { get; set; } = () => true;

    public CredentialDemand? LastDemand { get; private set; }

    public List<string> Revoked { get; } = [];

    public ValueTask<IssuedCredential> ObtainAsync(CredentialDemand demand, CancellationToken cancellationToken)
    {
        LastDemand = demand;
        return IsDown
            ? throw new CredentialRefusedException("unavailable", "the broker is down")
            : ValueTask.FromResult(new IssuedCredential
            {
                Id = $"jti-{Interlocked.Increment(ref _issued)}",
                Token = Token,
                TokenType = "Bearer",
                Issuer = "https://broker.test",
                Subject = "user:alice",
                Expires = DateTimeOffset.UtcNow + demand.Ttl,
            });
    }

    public ValueTask<bool> IsActiveAsync(IssuedCredential credential, CancellationToken cancellationToken) => ValueTask.FromResult(IsActive());

    public ValueTask RevokeAsync(IssuedCredential credential, string reason, CancellationToken cancellationToken)
    {
        if (IsDown)
        {
            throw new CredentialRefusedException("unavailable", "the broker is down");
        }

        Revoked.Add(credential.Id);
        return ValueTask.CompletedTask;
    }
}
