using System.Net;
using System.Text.Json;
using Cairn.Sdk;

namespace Cairn.HttpGateway.Configuration;

/// <summary>Reads a gateway's configuration: JSON with comments. Unknown and repeated names are errors, and so is what can't work.</summary>
public static class ConfigurationFile
{
    private static readonly JsonDocumentOptions WithComments = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 16 };

    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigurationException">It can't be read or used; the message names file and JSON path.</exception>
    public static GatewayConfiguration Read(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path} can't be read: {e.Message}", e);
        }

        return Parse(bytes, path);
    }

    /// <summary>Reads the bytes of a file.</summary>
    /// <exception cref="ConfigurationException">They can't be used.</exception>
    public static GatewayConfiguration Parse(ReadOnlyMemory<byte> json, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(json, WithComments);
            var configuration = Whole(new ConfigurationNode(path, "$", document.RootElement));
            ConfigurationRules.Check(configuration, path);
            return configuration;
        }
        catch (JsonException e)
        {
            throw new ConfigurationException($"{path}: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: not JSON: {e.Message}", e);
        }
    }

    private static GatewayConfiguration Whole(ConfigurationNode root)
    {
        root.Only("$schema", "listen", "trust", "audience", "agents", "routes", "health", "limits", "timeouts");
        return new GatewayConfiguration
        {
            Listeners = [.. root.Get("listen").Elements().Select(ListenerOf)],
            TrustBundles = root.Find("trust") is { } trust ? trust.Members().ToDictionary(m => m.Name, m => m.Node.ExistingFile(), StringComparer.Ordinal) : new Dictionary<string, string>(),
            Audience = root.Find("audience")?.Elements().Select(a => a.Text()).ToList() ?? [],
            Agents = [.. root.Get("agents").Members().Select(m => AgentOf(m.Name, m.Node))],
            Routes = [.. root.Get("routes").Members().Select(m => RouteOf(m.Name, m.Node))],
            HealthPath = root.Find("health")?.Text() ?? "/healthz",
            Limits = root.Find("limits") is { } limits ? LimitsOf(limits) : new Limits(),
            Timeouts = root.Find("timeouts") is { } timeouts ? TimeoutsOf(timeouts) : new Timeouts(),
        };
    }

    private static Listener ListenerOf(ConfigurationNode node)
    {
        node.Only("address", "hosts", "origins", "tls");
        var address = node.Get("address");
        var endPoint = IPEndPoint.TryParse(address.Text(), out var parsed) && address.Text().LastIndexOf(':') > address.Text().LastIndexOf(']')
            ? parsed
            : throw address.Wrong("an IP address and a port, such as 127.0.0.1:7080 or [::1]:7080");
        var isLoopback = IPAddress.IsLoopback(endPoint.Address);
        var hosts = node.Find("hosts")?.Elements().Select(h => h.Text()).ToList()
            ?? (isLoopback ? ["localhost", "127.0.0.1", "[::1]"] : throw node.Error("\"hosts\" is missing: on an address that other machines reach, the names that callers may use must be said"));
        ListenerTls? tls = null;
        if (node.Find("tls") is { } secure)
        {
            secure.Only("certificate", "key", "client_certificate");
            tls = new ListenerTls(
                secure.Get("certificate").ExistingFile(), secure.Get("key").ExistingFile(),
                secure.Find("client_certificate")?.OneOf("none", "accepted", "required") switch
                {
                    "required" => ClientCertificates.Required,
                    "accepted" => ClientCertificates.Accepted,
                    _ => ClientCertificates.None,
                });
        }
        else if (!isLoopback)
        {
            throw node.Error($"{endPoint} is reached by other machines; expected \"tls\"");
        }

        return new Listener(endPoint, hosts, node.Find("origins")?.Elements().Select(o => o.Text()).ToList() ?? [], tls);
    }

    private static Agent AgentOf(string name, ConfigurationNode node)
    {
        node.Only("id", "owner", "certificate", "jwt_audience", "broker_token", "token_file", "loopback");
        var agent = new Agent
        {
            Name = name,
            Id = node.Get("id").Spiffe(),
            Owner = node.Get("owner").Text(),
            ByCertificate = node.Find("certificate")?.Flag() ?? false,
            JwtAudience = node.Find("jwt_audience")?.Text(),
            ByBrokerToken = node.Find("broker_token")?.Flag() ?? false,
            TokenFile = node.Find("token_file")?.ExistingFile(),
            ByLoopback = node.Find("loopback")?.Flag() ?? false,
        };
        return agent is { ByCertificate: false, JwtAudience: null, ByBrokerToken: false, TokenFile: null, ByLoopback: false }
            ? throw node.Error("nothing says how this agent is known; expected certificate, jwt_audience, broker_token, token_file or loopback")
            : agent;
    }

    private static Route RouteOf(string path, ConfigurationNode node)
    {
        node.Only("upstream", "agents", "capture", "strict", "policy");
        if (!path.StartsWith('/') || path.AsSpan().IndexOfAny("?#% \\") >= 0)
        {
            throw node.Error("a route's name is a path that starts with / and has no query, fragment, blank or escape");
        }

        RoutePolicy? policy = null;
        if (node.Find("policy") is { } rules)
        {
            rules.Only("path", "mode", "watch");
            policy = new RoutePolicy(rules.Get("path").FullPath(), rules.Find("mode")?.OneOf("enforce", "shadow") == "shadow", rules.Find("watch")?.Flag() ?? true);
        }

        return new Route
        {
            Path = path,
            Upstream = UpstreamOf(node.Get("upstream")),
            Agents = [.. node.Get("agents").Elements().Select(a => a.Text())],
            Capture = node.Find("capture")?.OneOf("metadata", "redacted", "full") switch
            {
                "full" => CaptureProfile.Full,
                "redacted" => CaptureProfile.Redacted,
                _ => CaptureProfile.Metadata,
            },
            Strict = node.Find("strict")?.Flag() ?? true,
            Policy = policy,
        };
    }

    private static Upstream UpstreamOf(ConfigurationNode node)
    {
        node.Only("url", "authorities", "certificate", "key", "header_files", "credential", "forward_authorization");
        var address = node.Get("url");
        var url = Uri.TryCreate(address.Text(), UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https" && parsed.UserInfo.Length == 0 && parsed.Fragment.Length == 0
            ? parsed
            : throw address.Wrong("an http or https address without user information and fragment");
        var (certificate, key) = (node.Find("certificate")?.ExistingFile(), node.Find("key")?.ExistingFile());
        if (certificate is null != key is null)
        {
            throw node.Error("expected \"certificate\" and \"key\" together, or neither");
        }

        return new Upstream
        {
            Url = url,
            AuthoritiesFile = node.Find("authorities")?.ExistingFile(),
            CertificateFile = certificate,
            KeyFile = key,
            HeaderFiles = node.Find("header_files") is { } files
                ? files.Members().ToDictionary(m => m.Name, m => m.Node.ExistingFile(), StringComparer.OrdinalIgnoreCase)
                : new Dictionary<string, string>(),
            Credential = node.Find("credential")?.OneOf("authorization", "meta") == "meta" ? CredentialDelivery.Meta : CredentialDelivery.Authorization,
            ForwardsAuthorization = node.Find("forward_authorization")?.Flag() ?? false,
        };
    }

    private static Limits LimitsOf(ConfigurationNode node)
    {
        node.Only("message_bytes", "bytes_under_way", "requests", "sessions");
        var usual = new Limits();
        return new Limits
        {
            MessageBytes = (int)(node.Find("message_bytes")?.Whole(1024, 1024 * 1024 * 1024) ?? usual.MessageBytes),
            BytesUnderWay = node.Find("bytes_under_way")?.Whole(1024 * 1024, 1L << 40) ?? usual.BytesUnderWay,
            Requests = (int)(node.Find("requests")?.Whole(1, 1_000_000) ?? usual.Requests),
            Sessions = (int)(node.Find("sessions")?.Whole(1, 1_000_000) ?? usual.Sessions),
        };
    }

    private static Timeouts TimeoutsOf(ConfigurationNode node)
    {
        node.Only("connect_seconds", "silence_seconds", "idle_seconds", "resume_seconds", "approval_seconds", "grace_seconds", "flush_seconds");
        var usual = new Timeouts();
        TimeSpan Of(string name, TimeSpan standard) => node.Find(name)?.Seconds(0.05, 7 * 86_400) ?? standard;
        return new Timeouts
        {
            Connect = Of("connect_seconds", usual.Connect),
            Silence = Of("silence_seconds", usual.Silence),
            Idle = Of("idle_seconds", usual.Idle),
            Resume = Of("resume_seconds", usual.Resume),
            Approval = Of("approval_seconds", usual.Approval),
            Grace = Of("grace_seconds", usual.Grace),
            Flush = Of("flush_seconds", usual.Flush),
        };
    }
}
