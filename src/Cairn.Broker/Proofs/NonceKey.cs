using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Cairn.Identity.Files;

namespace Cairn.Broker.Proofs;

/// <summary>
/// Nonces for DPoP proofs (RFC 9449 §8): the time, and an HMAC over it, so that none has to be kept. They bound how old a
/// proof made in advance can be; that one is not shown twice is another check's task.
/// </summary>
internal sealed class NonceKey(byte[] key)
{
    private const int TimeBytes = 8;
    private const int TagBytes = 16;
    private const int KeyBytes = 32;

    /// <summary>The key of a data directory, which every process on it shares: a nonce of one is good at all.</summary>
    /// <exception cref="IOException">The file can't be used or is open to others.</exception>
    public static NonceKey OpenOrCreate(string path)
    {
        using (FileLock.Take(path + ".lock", TimeSpan.FromSeconds(10)))
        {
            if (!File.Exists(path))
            {
                DurableFile.Write(path, RandomNumberGenerator.GetBytes(KeyBytes));
            }
        }

        DurableFile.RequireOwnerOnly(path);
        var key = File.ReadAllBytes(path);
        return key.Length == KeyBytes ? new NonceKey(key) : throw new BrokerException($"{path} has {key.Length} bytes, expected {KeyBytes}. Remove it to have one made");
    }

    public string Make(DateTimeOffset now)
    {
        var nonce = new byte[TimeBytes + TagBytes];
        BinaryPrimitives.WriteInt64BigEndian(nonce, now.ToUnixTimeMilliseconds());
        Tag(nonce.AsSpan(0, TimeBytes)).CopyTo(nonce.AsSpan(TimeBytes));
        return Base64Url.EncodeToString(nonce);
    }

    /// <summary>Whether it was made here, no longer ago than <paramref name="age"/>.</summary>
    public bool IsFresh(string? nonce, DateTimeOffset now, TimeSpan age)
    {
        var bytes = new byte[TimeBytes + TagBytes];
        if (nonce is null || nonce.Length != Base64Url.GetEncodedLength(bytes.Length) || !Base64Url.IsValid(nonce, out var length) || length != bytes.Length
            || !Base64Url.TryDecodeFromChars(nonce, bytes, out _) || !CryptographicOperations.FixedTimeEquals(Tag(bytes.AsSpan(0, TimeBytes)), bytes.AsSpan(TimeBytes)))
        {
            return false;
        }

        var made = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(bytes));
        return made <= now.AddSeconds(5) && now - made <= age;
    }

    private byte[] Tag(ReadOnlySpan<byte> time) => HMACSHA256.HashData(key, time)[..TagBytes];
}
