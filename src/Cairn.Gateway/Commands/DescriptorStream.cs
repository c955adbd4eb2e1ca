using System.Runtime.InteropServices;

namespace Cairn.Gateway.Commands;

/// <summary>
/// Writes to a file descriptor of this process by write(2) alone: no buffer, no position of its own (the descriptor may be
/// shared with others), and a reader that is gone is an error, as the program behind it must get to know.
/// </summary>
public sealed partial class DescriptorStream(int descriptor) : Stream
{
    private const int Interrupted = 4, TryAgain = 11;
    private const short Writable = 4;

    /// <summary>This process's stdout.</summary>
    public static DescriptorStream StandardOutput => new(1);

    /// <summary>This process's stderr.</summary>
    public static DescriptorStream StandardError => new(2);

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Whether a descriptor of this process is a terminal.</summary>
    public static bool IsTerminal(int descriptor) => IsATerminal(descriptor) == 1;

    /// <inheritdoc/>
    /// <exception cref="IOException">Nobody reads any more, or the disk is full.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var written = WriteSome(descriptor, ref MemoryMarshal.GetReference(buffer), buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted:
                    break;
                case TryAgain:
                    // Somebody made the pipe non-blocking; this end waits all the same.
                    var poll = new PollDescriptor { Descriptor = descriptor, Events = Writable };
                    _ = Poll(ref poll, 1, -1);
                    break;
                default:
                    throw new IOException($"descriptor {descriptor} takes no more: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint WriteSome(int descriptor, ref byte buffer, nint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Poll(ref PollDescriptor descriptors, uint count, int timeout);

    [LibraryImport("libc", EntryPoint = "isatty")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int IsATerminal(int descriptor);

    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
