using System.Security.Cryptography;
using System.Text;
using Cairn.HttpGateway.Configuration;
using Cairn.Identity;
using Cairn.Identity.Files;

namespace Cairn.HttpGateway.Callers;

/// <summary>
/// Tokens of agents that have no other way to be known, each in a file of its own. Only their SHA-256 is kept; they are
/// looked up by it, so that no comparison's time tells anything about a token.
/// </summary>
internal sealed class StaticTokens
{
    private const int Shortest = 20;

    private readonly Dictionary<string, Agent> _byHash = new(StringComparer.Ordinal);

    /// <exception cref="ConfigurationException">A file can't be used.</exception>
    public StaticTokens(IEnumerable<Agent> agents)
    {
        foreach (var agent in agents.Where(a => a.TokenFile is not null))
        {
            var token = SecretFile.Read(agent.TokenFile!);
            if (token.Length < Shortest)
            {
                throw new ConfigurationException($"{agent.TokenFile}: expected a token of at least {Shortest} characters, found {token.Length}");
            }

            if (!_byHash.TryAdd(HashOf(token), agent))
            {
                throw new ConfigurationException($"{agent.TokenFile}: the same token is another agent's too");
            }
        }
    }

    public Agent? Find(string token) => _byHash.GetValueOrDefault(HashOf(token));

    private static string HashOf(string token) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}

/// <summary>A secret in a file that only its owner may read.</summary>
internal static class SecretFile
{
    /// <summary>The file's text without white space around it.</summary>
    /// <exception cref="ConfigurationException">It can't be read, others may read it, or it is no header value.</exception>
    public static string Read(string path)
    {
        try
        {
            DurableFile.RequireOwnerOnly(path);
            var text = File.ReadAllText(path).Trim();
            return text.Length > 0 && text.All(c => c is >= ' ' and <= '~')
                ? text
                : throw new ConfigurationException($"{path}: expected one line of visible ASCII, found something else");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or AuthorityException)
        {
            throw new ConfigurationException($"{path} can't be used: {e.Message}", e);
        }
    }
}
