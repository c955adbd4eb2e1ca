using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cairn.Evidence;
using Cairn.Identity.Files;

namespace Cairn.Identity.Enrolment;

/// <summary>
/// Join tokens for one identity each, good once and for a while, in <c>join.tokens.json</c> (0600). The file holds hashes:
/// who reads it can't join with what it says.
/// </summary>
public sealed class JoinTokens
{
    /// <summary>File name of the tokens.</summary>
    public const string FileName = "join.tokens.json";

    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);
    private readonly string _path;
    private readonly TimeProvider _time;

    /// <summary>The tokens in a directory.</summary>
    public JoinTokens(string directory, TimeProvider? time = null) => (_path, _time) = (Path.Combine(directory, FileName), time ?? TimeProvider.System);

    /// <summary>Makes a token: 64 hexadecimal digits, shown once.</summary>
    /// <param name="id">The identity that may be had with it.</param>
    /// <param name="lifetime">How long it may be used.</param>
    /// <exception cref="AuthorityException">The file can't be written.</exception>
    public string Make(SpiffeId id, TimeSpan lifetime)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        Change(tokens =>
        {
            tokens.Add(new Token(Hash(token), id, _time.GetUtcNow() + lifetime));
            return true;
        });
        return token;
    }

    /// <summary>Uses a token up. Of two who bring the same token at once, one gets true.</summary>
    /// <param name="token">What was brought.</param>
    /// <param name="id">The identity that is wanted.</param>
    /// <returns>False when there is no such token for this identity, or its time is over.</returns>
    /// <exception cref="AuthorityException">The file can't be read or written.</exception>
    public bool Use(string? token, SpiffeId id)
    {
        // Looked at before the lock is taken, so that guessing costs a reader nothing but time.
        return token is { Length: 64 } && File.Exists(_path) && Guarded(() => Read().Any(one => one.Fits(Hash(token), id, _time.GetUtcNow())))
            && Change(tokens => tokens.RemoveAll(one => one.Fits(Hash(token), id, _time.GetUtcNow())) > 0);
    }

    private T Change<T>(Func<List<Token>, T> change) => Guarded(() =>
    {
        using var guard = FileLock.Take(_path + ".lock", LockPatience);
        var tokens = Read();
        var result = change(tokens);
        tokens.RemoveAll(token => token.Expires <= _time.GetUtcNow());
        DurableFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(new
        {
            tokens = tokens.Select(token => new { sha256 = token.Sha256.ToString(), spiffe_id = token.Id.ToString(), expires = token.Expires.UtcDateTime.ToString("O", CultureInfo.InvariantCulture) }),
        }));
        return result;
    });

    private T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TimeoutException or JsonException or FormatException or KeyNotFoundException or InvalidOperationException)
        {
            throw new AuthorityException($"the join tokens in {_path} can't be used: {e.Message}", e);
        }
    }

    private List<Token> Read()
    {
        if (!File.Exists(_path))
        {
            return [];
        }

        DurableFile.RequireOwnerOnly(_path);
        using var json = JsonDocument.Parse(File.ReadAllBytes(_path));
        return [.. json.RootElement.GetProperty("tokens").EnumerateArray().Select(token => new Token(
            Digest.ParseHex(token.GetProperty("sha256").GetString()!),
            SpiffeId.Parse(token.GetProperty("spiffe_id").GetString()!),
            DateTimeOffset.Parse(token.GetProperty("expires").GetString()!, CultureInfo.InvariantCulture)))];
    }

    private static Digest Hash(string token) => Digest.Sha256(Encoding.UTF8.GetBytes(token));

    private sealed record Token(Digest Sha256, SpiffeId Id, DateTimeOffset Expires)
    {
        public bool Fits(Digest sha256, SpiffeId id, DateTimeOffset now) => Sha256 == sha256 && Id == id && now < Expires;
    }
}
