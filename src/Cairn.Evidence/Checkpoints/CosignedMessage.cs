using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Cairn.Evidence.Checkpoints;

/// <summary>The bytes that each signature type signs for a checkpoint.</summary>
internal static class CosignedMessage
{
    /// <summary>The message for a key type; <paramref name="seconds"/> is the POSIX time, unused by type 0x01.</summary>
    public static byte[] For(byte type, string signer, Checkpoint checkpoint, string body, ulong seconds) => type switch
    {
        KeyType.Ed25519 => Encoding.UTF8.GetBytes(body),
        KeyType.CosignatureEd25519 => Encoding.UTF8.GetBytes($"cosignature/v1\ntime {seconds.ToString(CultureInfo.InvariantCulture)}\n{body}"),
        _ => Subtree(signer, checkpoint, seconds),
    };

    /// <summary>The structure that ML-DSA-44 signs (C2SP tlog-cosignature): label, cosigner, time, origin, start 0, end = size, hash.</summary>
    private static byte[] Subtree(string signer, Checkpoint checkpoint, ulong seconds)
    {
        var (name, origin) = (Encoding.UTF8.GetBytes(signer), Encoding.UTF8.GetBytes(checkpoint.Origin));
        var message = new byte[12 + 1 + name.Length + 8 + 1 + origin.Length + 8 + 8 + Digest.Size];
        "subtree/v1\n\0"u8.CopyTo(message);
        var at = 12;
        message[at++] = checked((byte)name.Length);
        name.CopyTo(message, at);
        at += name.Length;
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(at), seconds);
        at += 8;
        message[at++] = checked((byte)origin.Length);
        origin.CopyTo(message, at);
        at += origin.Length;
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(at), 0);
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(at + 8), (ulong)checkpoint.Size);
        checkpoint.Root.CopyTo(message.AsSpan(at + 16));
        return message;
    }
}
