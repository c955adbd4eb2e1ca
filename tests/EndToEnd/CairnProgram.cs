using System.Diagnostics;
using System.Text;

namespace Cairn.EndToEnd;

/// <summary>What a run of the program left: its exit code, its data and its messages.</summary>
public sealed record Outcome(int ExitCode, string Output, string Messages)
{
    public override string ToString() => $"exit code {ExitCode}\n--- stdout\n{Output}\n--- stderr\n{Messages}";
}

/// <summary>The built program, started through <c>./cairn</c>'s own folder, with a data directory of the test's own.</summary>
public static class CairnProgram
{
    /// <summary>The repository's root: the folder that holds Cairn.slnx.</summary>
    public static string Home { get; } = FindHome();

    /// <summary>The program that <c>./cairn</c> built; <c>./test</c> builds it before it runs this project.</summary>
    public static string Path { get; } = System.IO.Path.Combine(Home, ".build/current/cairn");

    public static string DemoServers { get; } = System.IO.Path.Combine(Home, "samples/demo/node_modules/@modelcontextprotocol");

    public static ProcessStartInfo Start(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["CAIRN_HOME"] = Home;
        start.Environment["NO_COLOR"] = "1";
        start.Environment.Remove("TRACEPARENT");
        start.Environment.Remove("CAIRN_DATA");
        return start;
    }

    public static Task<Outcome> RunAsync(params IEnumerable<string> arguments) => RunAsync(Start(arguments));

    public static async Task<Outcome> RunAsync(ProcessStartInfo start, TimeSpan? limit = null)
    {
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"could not start {start.FileName}");
        process.StandardInput.Close();
        var (output, messages) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var timeout = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(120));
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{start.FileName} {string.Join(' ', start.ArgumentList)} did not end; so far it said:\n{await messages}");
        }

        return new Outcome(process.ExitCode, await output, await messages);
    }

    private static string FindHome()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Cairn.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"no Cairn.slnx in any folder above {AppContext.BaseDirectory}");
    }
}

/// <summary>A folder that goes when the test ends.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cairn-e2e-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    /// <summary>Every file below the folder that holds one of the needles, in clear.</summary>
    public static IEnumerable<string> FilesHolding(string folder, params string[] needles) =>
        from file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        let bytes = File.ReadAllBytes(file)
        where needles.Any(needle => bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(needle)) >= 0)
        select file;
}
