using System.Security.Cryptography;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Evidence.Records;
using Cairn.Sdk;

namespace Cairn.Gateway.Authority;

/// <summary>Content that was committed to while it passed.</summary>
/// <param name="Member">The member of <c>action</c> that holds the commitment.</param>
/// <param name="Commitment">What the record holds.</param>
/// <param name="Contents">What is kept of it, encrypted.</param>
public sealed record HeldStream(string Member, HeldCommitment Commitment, IReadOnlyList<SealedContent> Contents);

/// <summary>
/// Commits to content of any length while it passes. Nothing is held in memory but the hash's state, unless the profile
/// keeps content: then up to a bound, beyond which nothing is kept. Not safe for several threads.
/// </summary>
/// <param name="profile">How much to keep.</param>
/// <param name="keys">Where the trail's key is.</param>
/// <param name="trace">The trail.</param>
/// <param name="record">The id that the record will have.</param>
/// <param name="member">The member that holds the commitment.</param>
/// <param name="keptBytes">The most bytes that are kept; at most <see cref="ContentCapture.MaxKeptBytes"/>.</param>
internal sealed class StreamedContent(
    CaptureProfile profile, ITrailKeys keys, TraceId trace, RecordId record, string member, int keptBytes = ContentCapture.MaxKeptBytes) : IDisposable
{
    private readonly IncrementalHash _hmac = IncrementalHash.CreateHMAC(
        HashAlgorithmName.SHA256, Commitment.CommitmentKey(keys.KeyFor(trace), record, member));

    private MemoryStream? _kept = profile == CaptureProfile.Metadata ? null : new MemoryStream();

    /// <summary>A secret that whoever wrote the content was given: it is taken out of what is kept. Empty: none.</summary>
    public ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>Bytes that have passed.</summary>
    public long Bytes { get; private set; }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _hmac.AppendData(bytes);
        Bytes += bytes.Length;
        if (_kept is not null)
        {
            if (Bytes > keptBytes)
            {
                _kept = null;
            }
            else
            {
                _kept.Write(bytes);
            }
        }
    }

    /// <summary>The commitment to all that has passed.</summary>
    /// <param name="media">The content's media type.</param>
    public HeldStream Finish(string media)
    {
        Span<byte> value = stackalloc byte[Digest.Size];
        _ = _hmac.GetHashAndReset(value);
        if (_kept is null)
        {
            return new HeldStream(member, new HeldCommitment(new Digest(value), Bytes, media, ContentHandling.None), []);
        }

        var (commitment, contents) = ContentCapture.Hold(profile, keys, trace, record, member, media, _kept.ToArray(), Secret);
        return new HeldStream(member, commitment, contents);
    }

    public void Dispose() => _hmac.Dispose();
}
