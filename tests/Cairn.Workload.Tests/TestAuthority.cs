using Cairn.Evidence;
using Cairn.Identity;
using Cairn.Identity.Enrolment;

namespace Cairn.Workload.Tests;

/// <summary>An authority with its entries and keys in a directory, and what a server over it takes.</summary>
internal sealed class TestAuthority : IDisposable
{
    public static readonly SpiffeId Agent = SpiffeId.Parse("spiffe://example.org/agent/billing");
    public static readonly SpiffeId Gateway = SpiffeId.Parse("spiffe://example.org/gateway/mcp");

    private readonly bool _isOwner;

    private TestAuthority(string directory, bool isOwner)
    {
        (Directory, _isOwner) = (directory, isOwner);
        Authority = LocalAuthority.OpenOrCreate(directory, "example.org");
        Entries = new RegistrationEntries(directory, "example.org");
        JwtKeys = new JwtKeyRing(directory);
    }

    public string Directory { get; }

    public LocalAuthority Authority { get; }

    public RegistrationEntries Entries { get; }

    public JwtKeyRing JwtKeys { get; }

    /// <summary>What was recorded of enrolments.</summary>
    public List<WorkloadEnrolment> Enrolled { get; } = [];

    public List<string> Log { get; } = [];

    /// <summary>The selector of the user that runs the tests.</summary>
    public static Selector Myself { get; } = Selector.Parse($"unix:uid:{(ChildProcess.IsRoot ? 0 : MyUid())}");

    public static TestAuthority Create() => new(System.IO.Directory.CreateTempSubdirectory("cairn-wl-").FullName, isOwner: true);

    public static TestAuthority Open(string directory) => new(directory, isOwner: false);

    public RegistrationEntry Register(SpiffeId id, double seconds = 3600, params Selector[] selectors) =>
        Entries.Add(id, "team-billing", TimeSpan.FromSeconds(seconds), selectors.Length > 0 ? selectors : [Myself]);

    public WorkloadServerOptions Options() => new()
    {
        SocketPath = Path.Combine(Directory, "w.sock"),
        Authority = Authority,
        JwtKeys = JwtKeys,
        Entries = Entries,
        Watch = TimeSpan.FromMilliseconds(50),
        Enrolled = (enrolment, _) =>
        {
            lock (Enrolled)
            {
                Enrolled.Add(enrolment);
            }

            return Task.CompletedTask;
        },
        Log = message =>
        {
            lock (Log)
            {
                Log.Add(message);
            }
        },
    };

    public Task<WorkloadServer> ServeAsync() => WorkloadServer.StartAsync(Options(), CancellationToken.None);

    public void Dispose()
    {
        Authority.Dispose();
        if (_isOwner)
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
    }

    private static string MyUid() => File.ReadLines("/proc/self/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal)).Split('\t')[1];
}
