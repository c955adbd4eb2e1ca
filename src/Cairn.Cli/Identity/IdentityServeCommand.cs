using System.CommandLine;
using System.Runtime.InteropServices;
using Cairn.Cli.Terminal;
using Cairn.Identity;
using Cairn.Identity.Bundles;
using Cairn.Identity.Enrolment;
using Cairn.Ledger;
using Cairn.Workload;

namespace Cairn.Cli.Identity;

/// <summary><c>cairn identity serve</c>: the SPIFFE Workload API, for machines without SPIRE.</summary>
internal static class IdentityServeCommand
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        var data = DataOption.Create();
        var socket = new Option<string?>("--socket") { Description = "The socket's path", HelpName = "PATH" };
        var command = new Command("serve", "Serve the SPIFFE Workload API on a Unix socket: the kernel says who a caller is, the entries say what it gets") { data, socket };
        command.SetAction(async (parsed, cancel) =>
        {
            // SIGTERM ends in order: streams closed, the trail ended, evidence delivered.
            using var told = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => (context.Cancel, _) = (true, told.CancelAsync()));
            await ServeAsync(DataOption.Resolve(parsed.GetValue(data)), parsed.GetValue(socket) ?? SpiffeSocket.DefaultPath(), told.Token);
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task ServeAsync(string data, string socket, CancellationToken cancel)
    {
        await using var trail = await OperatorTrail.StartAsync(data, "identity-serve", cancel);
        var directory = LedgerDirectory.Open(data);
        using var authority = LocalAuthority.Open(directory.KeysPath, directory.TrustDomain);
        var jwtKeys = new JwtKeyRing(directory.KeysPath);
        _ = jwtKeys.Published(); // the first key is in the bundle before anybody asks for it
        await trail.RecordTrustAsync("rotation", cancel);
        await using (var server = await WorkloadServer.StartAsync(
            new WorkloadServerOptions
            {
                SocketPath = socket,
                Authority = authority,
                JwtKeys = jwtKeys,
                Entries = new RegistrationEntries(directory.KeysPath, directory.TrustDomain),
                Federated = new FederatedBundles(directory.KeysPath).All,
                Enrolled = trail.RecordEnrolledAsync,
            },
            cancel))
        {
            Console.Error.WriteLine($"cairn: serving identities of {directory.TrustDomain}; callers set {WorkloadEndpoint.Variable}={server.Endpoint}");
            await WatchAsync(trail, cancel);
            Console.Error.WriteLine("cairn: stopping");
        }

        await trail.EndAsync("done", CancellationToken.None);
    }

    // JWT keys change by the clock, roots by another process: either way the ledger hears of it.
    private static async Task WatchAsync(OperatorTrail trail, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(LookEvery, cancel);
                await trail.RecordTrustAsync("rotation", cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem) when (problem is AuthorityException or Sdk.EvidenceUnavailableException or Evidence.Submissions.LedgerUnavailableException)
            {
                Console.Error.WriteLine($"cairn: a change of the trust bundle could not be recorded yet: {problem.Message}");
            }
        }
    }
}
