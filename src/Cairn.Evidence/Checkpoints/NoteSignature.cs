using System.Buffers.Binary;

namespace Cairn.Evidence.Checkpoints;

/// <summary>One signature line of a note. Two are equal when their lines are.</summary>
/// <param name="Name">The key's name.</param>
/// <param name="KeyId">The key's id: the first four bytes of the blob, big-endian.</param>
/// <param name="Bytes">What follows the key id.</param>
public sealed record NoteSignature(string Name, uint KeyId, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The line with its newline: em dash, space, name, space, base64 of key id and bytes.</summary>
    public string Line
    {
        get
        {
            var blob = new byte[4 + Bytes.Length];
            BinaryPrimitives.WriteUInt32BigEndian(blob, KeyId);
            Bytes.CopyTo(blob.AsMemory(4));
            return $"— {Name} {Convert.ToBase64String(blob)}\n";
        }
    }

    /// <inheritdoc/>
    public bool Equals(NoteSignature? other) =>
        other is not null && Name == other.Name && KeyId == other.KeyId && Bytes.Span.SequenceEqual(other.Bytes.Span);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Name);
        hash.Add(KeyId);
        hash.AddBytes(Bytes.Span);
        return hash.ToHashCode();
    }

    /// <summary>
    /// Whether a text may be a key's name (C2SP signed-note, "Format"): not empty, valid UTF-16, no Unicode space, no plus
    /// sign, no ASCII control character. A signature line may hold any such name, known or not.
    /// </summary>
    internal static bool IsName(string name) =>
        name.Length > 0 && !name.Any(c => char.IsWhiteSpace(c) || c is '+' or < ' ') && IsWellFormed(name);

    /// <summary>Whether surrogates stand in pairs, so that UTF-8 carries the text unchanged.</summary>
    internal static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        while (text.IndexOfAnyInRange('\ud800', '\udfff') is var at and >= 0)
        {
            if (at + 1 == text.Length || !char.IsSurrogatePair(text[at], text[at + 1]))
            {
                return false;
            }

            text = text[(at + 2)..];
        }

        return true;
    }
}
