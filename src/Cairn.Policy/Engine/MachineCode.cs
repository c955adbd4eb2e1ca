using System.Security.Cryptography;

namespace Cairn.Policy.Engine;

/// <summary>
/// The file with the engine's machine code: SHA-256 of the module that it was compiled from, SHA-256 of the code, the
/// code. It is as trusted as the program's own files, beside which it lies; the digests find a stale or damaged one.
/// </summary>
internal static class MachineCode
{
    private const int Hash = SHA256.HashSizeInBytes;

    public static byte[] Pack(ReadOnlySpan<byte> moduleDigest, ReadOnlySpan<byte> code)
    {
        var file = new byte[(2 * Hash) + code.Length];
        moduleDigest.CopyTo(file);
        SHA256.HashData(code, file.AsSpan(Hash));
        code.CopyTo(file.AsSpan(2 * Hash));
        return file;
    }

    /// <returns>The code; empty when the file is not whole, or of another module.</returns>
    public static ReadOnlySpan<byte> Unpack(ReadOnlySpan<byte> moduleDigest, ReadOnlySpan<byte> file)
    {
        if (file.Length <= 2 * Hash || !file[..Hash].SequenceEqual(moduleDigest))
        {
            return [];
        }

        var code = file[(2 * Hash)..];
        return SHA256.HashData(code).AsSpan().SequenceEqual(file[Hash..(2 * Hash)]) ? code : [];
    }
}
