using System.IO.Compression;
using System.IO.Hashing;
using System.Security.Cryptography;

namespace Cairn.Evidence.Bundles;

/// <summary>
/// One file of a bundle as a forward stream of its own. It never gives more than the declared size, and at its end it
/// has the file's CRC-32 and SHA-256. Several may read one zip in turns; not for several threads.
/// </summary>
internal sealed class ZipFileStream : Stream
{
    private readonly ZipEntry _entry;
    private readonly SliceStream _slice;
    private readonly Stream _source;
    private readonly Crc32 _crc = new();
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _read;

    /// <summary>
    /// More than what <see cref="DeflateStream"/> reads ahead. It does not say where the compressed data ended, so the slice's
    /// last bytes are given singly: what it leaves behind was not part of the data.
    /// </summary>
    private const int InflateAhead = 16 * 1024;

    public ZipFileStream(Stream zip, ZipEntry entry)
    {
        _entry = entry;
        _slice = new SliceStream(zip, entry.DataOffset, entry.CompressedBytes, single: entry.Method == ZipEntry.Deflated ? InflateAhead : 0);
        _source = entry.Method == ZipEntry.Deflated ? new DeflateStream(_slice, CompressionMode.Decompress) : _slice;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => _entry.Bytes;

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        int read;
        try
        {
            read = _source.Read(buffer);
        }
        catch (InvalidDataException error)
        {
            throw BundleFault.File("zip-corrupt", _entry.Name, "compressed data that can be read", $"damaged data after {_read} bytes of the file", error);
        }

        if (_read + read > _entry.Bytes)
        {
            throw BundleFault.File("zip-bomb", _entry.Name, $"the declared {_entry.Bytes} bytes", "more");
        }

        if (read == 0 && _read < _entry.Bytes)
        {
            throw BundleFault.File("zip-corrupt", _entry.Name, $"the declared {_entry.Bytes} bytes", $"{_read}");
        }

        if (read == 0 && _slice.Position < _slice.Length)
        {
            throw BundleFault.File("zip-corrupt", _entry.Name, "compressed data up to its declared end", $"{_slice.Length - _slice.Position} bytes after it");
        }

        _read += read;
        _crc.Append(buffer[..read]);
        _hash.AppendData(buffer[..read]);
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>Reads what is left and says whether the file is the one that the zip and the manifest describe.</summary>
    public BundleFault? Finish(Digest expected)
    {
        var rest = new byte[16384];
        while (Read(rest) > 0)
        {
        }

        var found = new Digest(_hash.GetHashAndReset());
        if (found != expected)
        {
            return BundleFault.File("file-digest", _entry.Name, $"SHA-256 {expected}, which the manifest lists", found.ToString());
        }

        var crc = _crc.GetCurrentHashAsUInt32();
        return crc == _entry.Crc ? null : BundleFault.File("zip-corrupt", _entry.Name, $"CRC-32 {_entry.Crc:x8}", $"{crc:x8}");
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _source.Dispose();
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }
}
