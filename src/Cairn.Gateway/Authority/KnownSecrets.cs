using System.Text;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>
/// Secrets that a conversation's peers were given and may say again: no content that holds one is kept, whoever says it and
/// whenever. The newest of a bounded number are known; what holds one encoded can't be told. Safe for several threads.
/// </summary>
/// <param name="always">Those that stay known, such as the secrets that a server's every request carries.</param>
internal sealed class KnownSecrets(IReadOnlyList<string>? always = null)
{
    /// <summary>A conversation that gets a credential for each call looks for this many of them in each content.</summary>
    private const int MostKnown = 256;

    /// <summary>What is shorter stands in content by chance.</summary>
    private const int Shortest = 8;

    private readonly Lock _gate = new();
    private readonly Queue<string> _order = [];
    private (string Text, byte[] Bytes)[] _known = [.. (always ?? []).Where(s => s.Length >= Shortest).Select(Of)];

    /// <summary>Takes note of a secret.</summary>
    public void Add(string? secret)
    {
        if (secret is null || secret.Length < Shortest)
        {
            return;
        }

        lock (_gate)
        {
            if (Array.Exists(_known, k => k.Text == secret))
            {
                return;
            }

            _order.Enqueue(secret);
            var forgotten = _order.Count > MostKnown ? _order.Dequeue() : null;
            Volatile.Write(ref _known, [.. _known.Where(k => k.Text != forgotten), Of(secret)]);
        }
    }

    /// <summary>How much of a content may be kept: one that holds a secret is committed to and not kept.</summary>
    public CaptureProfile Bound(CaptureProfile wanted, ReadOnlySpan<byte> content)
    {
        if (wanted == CaptureProfile.Metadata)
        {
            return wanted;
        }

        foreach (var (_, bytes) in Volatile.Read(ref _known))
        {
            if (content.IndexOf(bytes) >= 0)
            {
                return CaptureProfile.Metadata;
            }
        }

        return wanted;
    }

    /// <summary>A text with a marker in each secret's place.</summary>
    public string TakenOut(string text)
    {
        foreach (var (secret, _) in Volatile.Read(ref _known))
        {
            text = text.Replace(secret, Redactor.Marker("credential"), StringComparison.Ordinal);
        }

        return text;
    }

    private static (string Text, byte[] Bytes) Of(string secret) => (secret, Encoding.UTF8.GetBytes(secret));
}
