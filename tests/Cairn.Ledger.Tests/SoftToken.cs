using System.Diagnostics;
using System.Runtime.InteropServices;
using Cairn.Ledger.Vault;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace Cairn.Ledger.Tests;

/// <summary>A token of SoftHSM, initialised by its own tool in a folder of these tests, that can be taken away and put back.</summary>
internal sealed partial class SoftToken : IDisposable
{
    public const string Pin = "quince-4711";

    private static readonly Lazy<string> Store = new(MakeStore);
    private static readonly Lock Turn = new();
    private readonly string _folder;
    private readonly string _hidden;

    private SoftToken(string label, string folder) => (Label, _folder, _hidden) = (label, folder, $"{Path.GetDirectoryName(Path.GetDirectoryName(folder))}/away-{Path.GetFileName(folder)}");

    public static string Module { get; } = new[] { "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so" }
        .FirstOrDefault(File.Exists) ?? throw new InvalidOperationException("no libsofthsm2.so on this machine; ./test installs the package softhsm2");

    public string Label { get; }

    /// <summary>A key of this token by its label.</summary>
    public TokenUri Key(string label = "vault") => TokenUri.Parse($"pkcs11:token={Label};object={label}?module-path={Module}");

    public static SoftToken Make()
    {
        lock (Turn)
        {
            var (label, before) = ($"t{Guid.NewGuid():N}"[..12], Directory.GetDirectories(Store.Value));
            Run("--init-token", "--free", "--label", label, "--pin", Pin, "--so-pin", "87654321");
            return new SoftToken(label, Directory.GetDirectories(Store.Value).Except(before).Single());
        }
    }

    /// <summary>The right PIN, as a variable would give it.</summary>
    public static TokenPin? Right(TokenUri uri) => new(Pin, "a variable", "");

    public void TakeAway() => Directory.Move(_folder, _hidden);

    public void PutBack() => Directory.Move(_hidden, _folder);

    /// <summary>How many keys of that label the token has.</summary>
    public int Count(string label = "vault") => InSession(session => session.FindAllObjects([session.Factories.ObjectAttributeFactory.Create(CKA.CKA_LABEL, label)]).Count);

    /// <summary>A key as another program might have made it: 32 bytes from outside with the given attributes.</summary>
    public void Import(string label, CKK type = CKK.CKK_AES, int length = 32, bool extractable = false, bool sensitive = true, bool decrypt = true) => InSession(session =>
    {
        var attribute = session.Factories.ObjectAttributeFactory;
        return session.CreateObject(
        [
            attribute.Create(CKA.CKA_CLASS, CKO.CKO_SECRET_KEY), attribute.Create(CKA.CKA_KEY_TYPE, type), attribute.Create(CKA.CKA_LABEL, label), attribute.Create(CKA.CKA_TOKEN, true),
            attribute.Create(CKA.CKA_PRIVATE, true), attribute.Create(CKA.CKA_VALUE, new byte[length]), attribute.Create(CKA.CKA_EXTRACTABLE, extractable), attribute.Create(CKA.CKA_SENSITIVE, sensitive),
            attribute.Create(CKA.CKA_ENCRYPT, true), attribute.Create(CKA.CKA_DECRYPT, decrypt),
        ]);
    });

    public void Dispose()
    {
        foreach (var folder in new[] { _folder, _hidden }.Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The module under test, and what the test itself asks of it, take turns by the module's own lock.
    private T InSession<T>(Func<ISession, T> work) => TokenModule.Of(Module).Use(Key(), new TokenPins(Path.Combine(Path.GetTempPath(), $"pins-{Label}"), Right), writes: true, work);

    private static string MakeStore()
    {
        var folder = Directory.CreateTempSubdirectory("cairn-tokens-").FullName;
        var (tokens, conf) = (Directory.CreateDirectory(Path.Combine(folder, "tokens")).FullName, Path.Combine(folder, "softhsm2.conf"));
        File.WriteAllText(conf, $"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n");
        // The module reads the process's own environment, which .NET's copy of it is not.
        SetEnvironment("SOFTHSM2_CONF", conf, 1);
        Environment.SetEnvironmentVariable("SOFTHSM2_CONF", conf);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return tokens;
    }

    private static void Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("softhsm2-util", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, said);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
