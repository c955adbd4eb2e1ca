using Cairn.Evidence;

namespace Cairn.Identity.Enrolment;

/// <summary>What the kernel says of the process at the other end of a Unix socket.</summary>
/// <param name="Pid">Its process id when it connected.</param>
/// <param name="Uid">The effective user id with which it connected.</param>
/// <param name="Gid">The effective group id with which it connected.</param>
/// <param name="Path">The file that it executes, as the kernel names it; null when that can't be read.</param>
/// <param name="Sha256">SHA-256 of that file's content, read from the very file that is executed; null when that can't be read.</param>
/// <param name="Started">When the process started, in clock ticks since the machine did: with the pid, which process it is.</param>
public sealed record PeerFacts(int Pid, uint Uid, uint Gid, string? Path, Digest? Sha256, ulong Started);
