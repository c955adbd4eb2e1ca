using System.Collections.Concurrent;
using System.Security.Cryptography;
using Cairn.Evidence;
using Cairn.Evidence.Commitments;
using Cairn.Identity.Files;

namespace Cairn.Sdk;

/// <summary>
/// Trail keys in a folder, one file (0600) each, for emitters whose ledger is on another machine: content and the keys
/// to it stay apart. Whoever is to open content needs the trail's file; deleting it shreds the trail's content.
/// </summary>
public sealed class FileTrailKeys : ITrailKeys
{
    private const int MostCached = 1024;
    private readonly ConcurrentDictionary<TraceId, byte[]> _known = new();
    private readonly string _directory;

    /// <summary>Keys in <paramref name="directory"/>, which is made (0700) when it is not there.</summary>
    /// <exception cref="IOException">The folder can't be made.</exception>
    public FileTrailKeys(string directory)
    {
        DurableFile.CreateDirectory(directory);
        _directory = directory;
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The key can't be written or read, or its file is not a key.</exception>
    public byte[] KeyFor(TraceId trace)
    {
        if (_known.TryGetValue(trace, out var known))
        {
            return known;
        }

        var path = Path.Combine(_directory, $"{trace}.key");
        if (!File.Exists(path))
        {
            using (FileLock.Take(Path.Combine(_directory, "keys.lock"), TimeSpan.FromSeconds(10)))
            {
                if (!File.Exists(path))
                {
                    DurableFile.Write(path, RandomNumberGenerator.GetBytes(Commitment.KeySize));
                }
            }
        }

        DurableFile.RequireOwnerOnly(path);
        var key = File.ReadAllBytes(path);
        if (key.Length != Commitment.KeySize)
        {
            throw new IOException($"{path} has {key.Length} bytes; expected a trail key of {Commitment.KeySize}");
        }

        if (_known.Count >= MostCached)
        {
            _known.Clear();
        }

        return _known.GetOrAdd(trace, key);
    }
}
