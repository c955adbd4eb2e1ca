using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Cairn.Evidence;

/// <summary>
/// SHA-256 (FIPS 180-4) for many short inputs. The platform's own entry looks the algorithm up and crosses into the
/// crypto library with bookkeeping for each hash, which costs several times what hashing a tree node does. Where OpenSSL 3
/// is there, as it is where .NET's own hashing runs on it, its block functions are called directly; elsewhere, and where
/// they fail the published vectors, the platform's entry serves. Decision 0015 has the measurement.
/// </summary>
internal static unsafe class Sha256
{
    /// <summary>Above this many bytes a hash takes more than about a microsecond: the garbage collector must be able to go on meanwhile.</summary>
    private const int MostWithoutTransition = 1024;

    /// <summary>SHA256_CTX has 112 bytes on every platform of OpenSSL's: eight 32-bit words, two of length, a block of 64 bytes, two counts.</summary>
    private const int ContextSize = 112;

    private static readonly Functions? Direct = Load();

    // Kept for the thread: making one costs more than a hash.
    [ThreadStatic]
    private static IncrementalHash? _platform;

    /// <summary>Hashes <paramref name="data"/> into the first 32 bytes of <paramref name="hash"/>.</summary>
    public static void Hash(ReadOnlySpan<byte> data, Span<byte> hash)
    {
        if (Direct is { } functions)
        {
            Hash(functions, data, hash[..Digest.Size]);
        }
        else
        {
            HashByPlatform(data, hash);
        }
    }

    /// <summary>The same by the platform's own entry.</summary>
    internal static void HashByPlatform(ReadOnlySpan<byte> data, Span<byte> hash)
    {
        var sha256 = _platform ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha256.AppendData(data);
        _ = sha256.GetHashAndReset(hash);
    }

    private static void Hash(Functions functions, ReadOnlySpan<byte> data, Span<byte> hash)
    {
        var context = stackalloc byte[ContextSize];
        fixed (byte* from = data, to = hash)
        {
            var done = functions.Init(context)
                & (data.Length <= MostWithoutTransition ? functions.UpdateShort(context, from, (nuint)data.Length) : functions.Update(context, from, (nuint)data.Length))
                & functions.Final(to, context);
            if (done != 1)
            {
                throw new CryptographicException("the crypto library could not hash with SHA-256");
            }
        }
    }

    private static Functions? Load()
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad("libcrypto.so.3", out var library)
            || !NativeLibrary.TryGetExport(library, "SHA256_Init", out var init)
            || !NativeLibrary.TryGetExport(library, "SHA256_Update", out var update)
            || !NativeLibrary.TryGetExport(library, "SHA256_Final", out var final))
        {
            return null;
        }

        var functions = new Functions(init, update, final);
        return Answers(functions, [], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
            && Answers(functions, "abc"u8, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
            && Answers(functions, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"u8, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
            ? functions
            : null;
    }

    // Examples of FIPS 180-4, from NIST's "Examples with Intermediate Values".
    private static bool Answers(Functions functions, ReadOnlySpan<byte> data, string expected)
    {
        Span<byte> hash = stackalloc byte[Digest.Size];
        Hash(functions, data, hash);
        return Convert.ToHexStringLower(hash) == expected;
    }

    private sealed class Functions(nint init, nint update, nint final)
    {
        public readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, int> Init = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, int>)init;
        public readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, nuint, int> UpdateShort = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, nuint, int>)update;
        public readonly delegate* unmanaged[Cdecl]<byte*, byte*, nuint, int> Update = (delegate* unmanaged[Cdecl]<byte*, byte*, nuint, int>)update;
        public readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, int> Final = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, int>)final;
    }
}
