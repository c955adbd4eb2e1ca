namespace Cairn.Ledger.Vault;

/// <summary>
/// Where the passphrase of a vault's key-encryption key comes from: a file, because every process on the ledger needs it and most have
/// no terminal.
/// </summary>
public static class VaultPassphrase
{
    /// <summary>The environment variable that names the file.</summary>
    public const string Variable = "CAIRN_VAULT_PASSPHRASE_FILE";

    /// <summary>The passphrase of the file that the environment names; null where it names none.</summary>
    /// <exception cref="LedgerDirectoryException">The file can't be read, or is empty.</exception>
    public static string? FromEnvironment() => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path ? Read(path) : null;

    /// <summary>The first line of a file, without its line break.</summary>
    /// <exception cref="LedgerDirectoryException">The file can't be read, or its first line is empty.</exception>
    public static string Read(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault() is { Length: > 0 } line
                ? line
                : throw new LedgerDirectoryException($"{path} has no passphrase: its first line is empty");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new LedgerDirectoryException($"the vault's passphrase can't be read: {problem.Message}", problem);
        }
    }
}
