namespace Cairn.Evidence.Checkpoints;

/// <summary>Standard base64 with padding, in its one canonical form: no white space, unused bits zero.</summary>
internal static class CanonicalBase64
{
    /// <exception cref="EvidenceFormatException">The text is not canonical base64; <paramref name="where"/> opens the message.</exception>
    public static byte[] Decode(string text, string where)
    {
        var bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var written) || Convert.ToBase64String(bytes, 0, written) != text)
        {
            throw new EvidenceFormatException($"{where}: expected canonical base64, found \"{Hex.Excerpt(text)}\"");
        }

        return bytes[..written];
    }

    /// <exception cref="EvidenceFormatException">The text is not canonical base64 of 32 bytes; <paramref name="where"/> opens the message.</exception>
    public static Digest DecodeDigest(string text, string where)
    {
        var bytes = Decode(text, where);
        return bytes.Length == Digest.Size
            ? new Digest(bytes)
            : throw new EvidenceFormatException($"{where}: expected a hash of {Digest.Size} bytes, found {bytes.Length}");
    }
}
