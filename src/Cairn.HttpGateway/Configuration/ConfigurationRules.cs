using System.Net;

namespace Cairn.HttpGateway.Configuration;

/// <summary>What must hold between the parts of a configuration.</summary>
internal static class ConfigurationRules
{
    private static readonly string[] OwnHeaders =
        ["host", "content-length", "content-type", "accept", "connection", "transfer-encoding", "traceparent", "mcp-session-id", "mcp-protocol-version", "last-event-id"];

    public static void Check(GatewayConfiguration configuration, string file)
    {
        ConfigurationException Error(string path, string what) => new($"{file}: {path}: {what}");

        if (configuration.Listeners.Count == 0)
        {
            throw Error("$.listen", "expected at least one address");
        }

        if (!configuration.HealthPath.StartsWith('/') || configuration.Routes.Any(r => r.Path == configuration.HealthPath))
        {
            throw Error("$.health", $"expected a path that starts with / and is no route's, found {configuration.HealthPath}");
        }

        if (configuration.Routes.Count == 0)
        {
            throw Error("$.routes", "expected at least one route");
        }

        CheckAgents(configuration, Error);
        foreach (var route in configuration.Routes)
        {
            CheckRoute(configuration, route, Error);
        }
    }

    private static void CheckAgents(GatewayConfiguration configuration, Func<string, string, ConfigurationException> error)
    {
        foreach (var agent in configuration.Agents)
        {
            var at = $"$.agents.{agent.Name}";
            if (configuration.Agents.FirstOrDefault(other => other.Name != agent.Name && other.Id == agent.Id) is { } twin)
            {
                throw error(at, $"{agent.Id} is the id of {twin.Name} too; a workload is one agent");
            }

            if ((agent.ByCertificate || agent.JwtAudience is not null) && !configuration.TrustBundles.ContainsKey(agent.Id.TrustDomain))
            {
                throw error(at, $"its SVIDs can't be checked: expected a bundle of {agent.Id.TrustDomain} under $.trust");
            }

            if (agent.ByCertificate && configuration.Listeners.All(l => l.Tls is null or { ClientCertificate: ClientCertificates.None }))
            {
                throw error(at, "it is known by certificate and no listener asks for one; expected \"client_certificate\" in a listener's tls");
            }

            if (agent.ByBrokerToken && configuration.Audience.Count == 0)
            {
                throw error($"{at}.broker_token", "whom its tokens must be for is not said; expected this gateway's own names under $.audience");
            }

            if (agent.ByLoopback && configuration.Listeners.Any(l => !IPAddress.IsLoopback(l.Address.Address)))
            {
                throw error(at, "\"loopback\" takes whoever connects for this agent; expected loopback listeners only");
            }
        }
    }

    private static void CheckRoute(GatewayConfiguration configuration, Route route, Func<string, string, ConfigurationException> error)
    {
        var at = $"$.routes.{route.Path}";
        foreach (var name in route.Agents)
        {
            if (configuration.Agents.All(agent => agent.Name != name))
            {
                throw error($"{at}.agents", $"\"{name}\" is none of the agents");
            }
        }

        if (route.Agents.Count == 0 || route.Agents.Distinct(StringComparer.Ordinal).Count() != route.Agents.Count)
        {
            throw error($"{at}.agents", "expected at least one agent, and none twice");
        }

        if (configuration.Agents.Count(agent => agent.ByLoopback && route.Agents.Contains(agent.Name)) > 1)
        {
            throw error($"{at}.agents", "two of them are known by \"loopback\" alone; nobody could tell them apart");
        }

        foreach (var header in route.Upstream.HeaderFiles.Keys)
        {
            if (!header.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal)) || OwnHeaders.Contains(header, StringComparer.OrdinalIgnoreCase))
            {
                throw error($"{at}.upstream.header_files.{header}", "expected the name of a header that the gateway does not set itself");
            }
        }
    }
}
