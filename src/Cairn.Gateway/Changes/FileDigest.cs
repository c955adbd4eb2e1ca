using System.Security.Cryptography;
using System.Text;
using Cairn.Evidence;

namespace Cairn.Gateway.Changes;

/// <summary>SHA-256 of what a file holds; of a symbolic link, of the path it names.</summary>
internal static class FileDigest
{
    /// <summary>The digest of the file that a stamp was taken of; null when it can't be read or is another by now.</summary>
    public static Digest? Of(string path, FileStamp stamp)
    {
        try
        {
            if (stamp.IsLink)
            {
                return new FileInfo(path).LinkTarget is { } target ? Digest.Sha256(Encoding.UTF8.GetBytes(target)) : null;
            }

            using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.Open,
                Access = FileAccess.Read,
                Share = FileShare.ReadWrite | FileShare.Delete,
                BufferSize = 0,
                Options = FileOptions.SequentialScan,
            });
            var digest = new Digest(SHA256.HashData(file));

            // Written to while it was read: the digest would be of a content that never was.
            return FileStamp.Of(path) == stamp ? digest : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The digest of a file as it is now; null when there is none, it is too large, or it can't be read.</summary>
    public static (Digest Digest, long Bytes)? Of(string path, long longest) =>
        FileStamp.Of(path) is { IsRegular: true } stamp && stamp.Size <= longest && Of(path, stamp) is { } digest ? (digest, stamp.Size) : null;
}
