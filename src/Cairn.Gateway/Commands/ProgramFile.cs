using Cairn.Evidence;
using Cairn.Gateway.Changes;

namespace Cairn.Gateway.Commands;

/// <summary>The file that a command's name means.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Digest">SHA-256 of the file; null when it can't be read or is too large.</param>
internal sealed record ProgramFile(string Path, Digest? Digest)
{
    private const long Largest = 512L * 1024 * 1024;

    private const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>
    /// Finds a program as a shell does: a name with a slash is a path, any other is looked for on PATH alone. (The
    /// runtime's own search begins beside this program and in the working directory.)
    /// </summary>
    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="UnauthorizedAccessException">There is one, and it is no program.</exception>
    public static ProgramFile? Find(string command, string workingDirectory, string? searchPath)
    {
        if (command.Length == 0)
        {
            return null;
        }

        if (command.Contains('/', StringComparison.Ordinal))
        {
            var path = System.IO.Path.GetFullPath(command, workingDirectory);
            return !File.Exists(path) ? null : IsProgram(path) ? Of(path) : throw new UnauthorizedAccessException($"{path} is not executable");
        }

        foreach (var folder in (searchPath ?? "").Split(':'))
        {
            // An empty part of PATH means the working directory (POSIX, Base Definitions 8.3).
            var path = System.IO.Path.GetFullPath(System.IO.Path.Join(folder, command), workingDirectory);
            if (IsProgram(path))
            {
                return Of(path);
            }
        }

        return null;
    }

    private static bool IsProgram(string path) => File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Execute) != 0);

    private static ProgramFile Of(string path) => new(path, FileDigest.Of(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path, Largest)?.Digest);
}
