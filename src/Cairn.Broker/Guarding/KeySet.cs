using System.Text.Json;
using Cairn.Broker.Tokens;
using Cairn.Identity.Credentials;

namespace Cairn.Broker.Guarding;

/// <summary>
/// A broker's public keys, fetched when an unknown one is named and every few minutes. While the broker is away, those
/// that are known stay good for an hour: long enough for a restart, too short for a key that was withdrawn.
/// </summary>
internal sealed class KeySet(HttpClient http, Uri address, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    // An unknown kid costs the caller nothing to make up: it must not make this side ask without end.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _turn = new(1);
    private Known _known = new([], DateTimeOffset.MinValue);
    private DateTimeOffset _asked = DateTimeOffset.MinValue;

    private sealed record Known(IReadOnlyList<PublicJwk> Keys, DateTimeOffset At);

    /// <summary>The key with that <c>kid</c>; null: the broker has none.</summary>
    /// <exception cref="CredentialRefusedException"><c>unavailable</c>: no keys are known, and they can't be fetched.</exception>
    public async ValueTask<PublicJwk?> FindAsync(string? keyId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var age = now - Volatile.Read(ref _known).At;
        if (Find(keyId) is { } found && (age < Fresh || (age < Longest && _turn.CurrentCount == 0)))
        {
            return found; // fresh, or somebody is asking already: nobody waits for a key that is there
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            if ((Find(keyId) is null || now - _known.At >= Fresh) && now - _asked >= Pause)
            {
                _asked = now;
                await FetchAsync(now, cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }

        return now - _known.At < Longest
            ? Find(keyId)
            : throw new CredentialRefusedException("unavailable", $"the keys of {address} are not known: it could not be asked");
    }

    public void Dispose() => _turn.Dispose();

    private PublicJwk? Find(string? keyId) => Volatile.Read(ref _known).Keys.FirstOrDefault(k => k.KeyId == keyId);

    private async Task FetchAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            using var document = JsonDocument.Parse(await http.GetByteArrayAsync(address, cancellationToken));
            Volatile.Write(ref _known, new Known(PublicJwk.ParseSet(document.RootElement), now));
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or TokenFormatException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            if (now - _known.At >= Longest)
            {
                throw new CredentialRefusedException("unavailable", $"the keys of {address} can't be fetched: {e.Message}", e);
            }
        }
    }
}
