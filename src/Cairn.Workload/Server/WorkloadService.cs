using System.Globalization;
using Cairn.Evidence;
using Cairn.Identity;
using Cairn.Identity.Bundles;
using Cairn.Identity.Enrolment;
using Cairn.Identity.Svids;
using Cairn.Workload.Peers;
using Cairn.Workload.Protocol;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Cairn.Workload.Server;

/// <summary>
/// The five calls of the Workload API, answered from the local authority. A caller is what the kernel says of it at the
/// time of each answer, also of those that a stream sends later.
/// </summary>
internal sealed class WorkloadService(WorkloadServerOptions options, IdentityRegister register) : SpiffeWorkloadAPI.SpiffeWorkloadAPIBase
{
    private const int MostAudiences = 32;

    public override Task FetchX509SVID(X509SVIDRequest request, IServerStreamWriter<X509SVIDResponse> responseStream, ServerCallContext context) =>
        StreamAsync(context, responseStream, async (peer, entries) =>
        {
            var (own, federated) = register.Bundles();
            var answer = new X509SVIDResponse();
            var turn = TimeSpan.MaxValue;
            foreach (var entry in entries)
            {
                using var svid = options.Authority.Issue(entry.SpiffeId, entry.Ttl);
                var key = Digest.Sha256(svid.Key.ExportSubjectPublicKeyInfo());
                await register.RecordAsync(new WorkloadEnrolment(entry, peer, key, svid.NotAfter), context.CancellationToken);
                turn = entry.Ttl / 2 < turn ? entry.Ttl / 2 : turn;
                answer.Svids.Add(new X509SVID
                {
                    SpiffeId = entry.SpiffeId.ToString(),
                    X509Svid = ByteString.CopyFrom(DerSequence.Join(svid.Chain.Select(der => (ReadOnlyMemory<byte>)der))),
                    X509SvidKey = ByteString.CopyFrom(svid.Key.ExportPkcs8PrivateKey()),
                    Bundle = ByteString.CopyFrom(DerSequence.Join(own.X509Authorities)),
                });
            }

            foreach (var bundle in federated)
            {
                answer.FederatedBundles.Add(NameOf(bundle), ByteString.CopyFrom(DerSequence.Join(bundle.X509Authorities)));
            }

            return (answer, turn);
        });

    public override Task FetchX509Bundles(X509BundlesRequest request, IServerStreamWriter<X509BundlesResponse> responseStream, ServerCallContext context) =>
        StreamAsync(context, responseStream, (_, _) =>
        {
            var answer = new X509BundlesResponse();
            foreach (var bundle in All())
            {
                answer.Bundles.Add(NameOf(bundle), ByteString.CopyFrom(DerSequence.Join(bundle.X509Authorities)));
            }

            return Task.FromResult((answer, TimeSpan.MaxValue));
        });

    public override Task FetchJWTBundles(JWTBundlesRequest request, IServerStreamWriter<JWTBundlesResponse> responseStream, ServerCallContext context) =>
        StreamAsync(context, responseStream, (_, _) =>
        {
            var answer = new JWTBundlesResponse();
            foreach (var bundle in All())
            {
                answer.Bundles.Add(NameOf(bundle), ByteString.CopyFrom(bundle.EncodeJwtKeys()));
            }

            return Task.FromResult((answer, TimeSpan.MaxValue));
        });

    public override Task<JWTSVIDResponse> FetchJWTSVID(JWTSVIDRequest request, ServerCallContext context) => GuardAsync(context, async () =>
    {
        if (request.Audience.Count is < 1 or > MostAudiences || request.Audience.Any(string.IsNullOrEmpty))
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"expected 1 to {MostAudiences} audiences, none of them empty, found {request.Audience.Count}"));
        }

        var (peer, entries) = Entitled(context);
        var wanted = entries.Where(entry => request.SpiffeId.Length == 0 || entry.SpiffeId.ToString() == request.SpiffeId).ToList();
        if (wanted.Count == 0)
        {
            throw new RpcException(new Status(StatusCode.PermissionDenied, "no entry gives this process the identity that it asks for"));
        }

        var answer = new JWTSVIDResponse();
        foreach (var entry in wanted)
        {
            var ttl = entry.Ttl < options.JwtTtl ? entry.Ttl : options.JwtTtl;
            var token = options.JwtKeys.Issue(entry.SpiffeId, request.Audience, ttl);
            await register.RecordAsync(new WorkloadEnrolment(entry, peer, KeyOf(token), options.Time.GetUtcNow() + ttl), context.CancellationToken);
            answer.Svids.Add(new JWTSVID { SpiffeId = entry.SpiffeId.ToString(), Svid = token });
        }

        return answer;
    });

    public override Task<ValidateJWTSVIDResponse> ValidateJWTSVID(ValidateJWTSVIDRequest request, ServerCallContext context) => GuardAsync(context, () =>
    {
        if (request.Audience.Length == 0 || request.Svid.Length == 0)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "expected an audience and a JWT-SVID, found one of them empty"));
        }

        Entitled(context);
        try
        {
            var verified = JwtSvidValidator.Validate(request.Svid, request.Audience, new TrustBundleSet(All()), options.Time.GetUtcNow());
            return Task.FromResult(new ValidateJWTSVIDResponse { SpiffeId = verified.Id.ToString(), Claims = Struct.Parser.ParseJson(verified.Claims.GetRawText()) });
        }
        catch (SvidRejectedException error)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, error.Message));
        }
    });

    private static string NameOf(TrustBundle bundle) => $"spiffe://{bundle.TrustDomain}";

    // A JWT-SVID has no key of its holder's: its place is taken by the token's hash, which nobody can use.
    private static Digest KeyOf(string token) => Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(token));

    private IEnumerable<TrustBundle> All()
    {
        var (own, federated) = register.Bundles();
        return [own, .. federated.Where(bundle => bundle.TrustDomain != own.TrustDomain)];
    }

    private (PeerFacts Peer, IReadOnlyList<RegistrationEntry> Entries) Entitled(ServerCallContext context)
    {
        var peer = context.GetHttpContext().Features.Get<PeerProcess>() is { } process
            ? process.Read()
            : throw new PeerUnknownException("the connection came another way than over the Unix socket");
        var entries = register.EntriesOf(peer);
        return entries.Count > 0
            ? (peer, entries)
            : throw new RpcException(new Status(StatusCode.PermissionDenied, $"no registration entry covers process {peer.Pid} of uid {peer.Uid}, gid {peer.Gid}, {(peer.Path is null ? "a program that this server may not look at" : $"program {peer.Path} sha256 {peer.Sha256}")}"));
    }

    /// <summary>Sends an answer at once, and another whenever what it rests on changed or its turn is over.</summary>
    private Task StreamAsync<TAnswer>(ServerCallContext context, IServerStreamWriter<TAnswer> stream, Func<PeerFacts, IReadOnlyList<RegistrationEntry>, Task<(TAnswer Answer, TimeSpan Turn)>> make) =>
        GuardAsync(context, async () =>
        {
            string? sent = null;
            var due = DateTimeOffset.MinValue;
            while (true)
            {
                var (peer, entries) = Entitled(context);
                var state = StateOf(entries);
                if (state != sent || options.Time.GetUtcNow() >= due)
                {
                    var (answer, turn) = await make(peer, entries);
                    await stream.WriteAsync(answer, context.CancellationToken);
                    sent = state;
                    due = turn == TimeSpan.MaxValue ? DateTimeOffset.MaxValue : options.Time.GetUtcNow() + turn;
                }

                var pause = due - options.Time.GetUtcNow();
                await Task.Delay(pause < options.Watch ? (pause > TimeSpan.Zero ? pause : TimeSpan.Zero) : options.Watch, options.Time, context.CancellationToken);
            }
        });

    private string StateOf(IReadOnlyList<RegistrationEntry> entries)
    {
        var (own, federated) = register.Bundles();
        return string.Join('|', [
            .. entries.Select(entry => $"{entry.Id} {entry.Ttl.TotalSeconds.ToString(CultureInfo.InvariantCulture)}"),
            .. federated.Prepend(own).Select(bundle => Digest.Sha256(bundle.Encode()).ToString())]);
    }

    private async Task GuardAsync(ServerCallContext context, Func<Task> work) => await GuardAsync(context, async () =>
    {
        await work();
        return true;
    });

    private async Task<T> GuardAsync<T>(ServerCallContext context, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (RpcException refusal)
        {
            if (refusal.StatusCode == StatusCode.PermissionDenied)
            {
                options.Log($"{context.Method} refused: {refusal.Status.Detail}");
            }

            throw;
        }
        catch (PeerUnknownException error)
        {
            options.Log($"{context.Method} refused: {error.Message}");
            throw new RpcException(new Status(StatusCode.PermissionDenied, error.Message));
        }
        catch (OperationCanceledException)
        {
            throw new RpcException(new Status(StatusCode.Cancelled, "the call was cancelled, or the server stops"));
        }
        catch (Exception error)
        {
            // Whatever it was (evidence that could not be kept, files that can't be read): no identity is given for it.
            options.Log($"{context.Method} failed: {error.Message}");
            throw new RpcException(new Status(StatusCode.Unavailable, $"the server can't answer now: {error.Message}"));
        }
    }
}
