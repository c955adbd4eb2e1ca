using System.Diagnostics;
using Cairn.Evidence.Records;
using ModelContextProtocol;

namespace Cairn.EndToEnd;

public class BadWeatherTests
{
    [Fact]
    public async Task A_directory_of_another_version_refuses_the_gateway_before_the_server_starts()
    {
        using var folder = new TemporaryFolder();
        await using (var server = await WrappedServer.EverythingAsync(folder["data"]))
        {
            await server.CloseAsync();
        }

        var marker = folder["data/cairn.json"];
        await File.WriteAllTextAsync(marker, (await File.ReadAllTextAsync(marker)).Replace("\"format\": 1", "\"format\": 2"));

        var outcome = await CairnProgram.RunAsync(["mcp", "--data", folder["data"], "--", "touch", folder["started"]]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("format 2", outcome.Messages);
        Assert.False(File.Exists(folder["started"]));
    }

    [Fact]
    public async Task A_full_disk_refuses_the_call_with_a_clear_error_and_the_server_never_sees_it()
    {
        using var folder = new TemporaryFolder();
        var work = Directory.CreateDirectory(folder["work"]).FullName;
        await using (var first = await WrappedServer.StartAsync(folder["data"], [], WrappedServer.Files(work)))
        {
            await first.CloseAsync();
        }

        // No file of the gateway may grow beyond 1 MiB: what the kernel then answers to a write is what a full disk is like.
        await using var server = await WrappedServer.StartAsync(folder["data"], [], WrappedServer.Files(work), start =>
        {
            start.ArgumentList.Insert(0, CairnProgram.Path);
            start.ArgumentList.Insert(0, "trap '' XFSZ; ulimit -f 1024; exec \"$0\" \"$@\"");
            start.ArgumentList.Insert(0, "-c");
            start.FileName = "/bin/bash";

            // The runtime maps code through a memory file of its own, which the limit would forbid.
            start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        });
        var refused = 0;
        for (var i = 0; i < 4000 && refused == 0; i++)
        {
            var file = Path.Combine(work, $"{i}.txt");
            try
            {
                var result = await server.Client.CallToolAsync("write_file", new Dictionary<string, object?> { ["path"] = file, ["content"] = "x" });
                if (result.IsError == true)
                {
                    Assert.False(File.Exists(file), "a refused call reached the server");
                    Assert.Contains("evidence", Recorded.TextOf(result));
                    refused++;
                }
            }
            catch (McpException problem)
            {
                Assert.False(File.Exists(file), "a refused call reached the server");
                Assert.Contains("evidence", problem.Message);
                refused++;
            }
        }

        Assert.Equal(1, refused);
        server.Kill();
        var written = Directory.GetFiles(work).Length;
        var requested = (await Recorded.ReadAsync(folder["data"])).Count(record => record.Kind == RecordKinds.ActionRequested);
        Assert.True(requested >= written, $"{written} files were written, {requested} requests are recorded");
        var fsck = await CairnProgram.RunAsync("fsck", "--data", folder["data"]);
        Assert.True(fsck.ExitCode == 0, fsck.ToString());
    }

    [Fact]
    public async Task An_fsync_error_ends_the_process_and_nothing_acknowledged_is_lost()
    {
        using var folder = new TemporaryFolder();
        await using (var first = await WrappedServer.EverythingAsync(folder["data"]))
        {
            await first.EchoAsync("before");
            await first.CloseAsync();
        }

        var before = (await Recorded.ReadAsync(folder["data"])).Count;
        var start = CairnProgram.Start();
        start.FileName = "strace";
        foreach (var argument in new[]
        {
            "-f", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when=3+",
            CairnProgram.Path, "mcp", "--data", folder["data"], "--",
        }.Concat(WrappedServer.Everything))
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var messages = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        await process.StandardInput.WriteLineAsync("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""");
        await process.StandardInput.WriteLineAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        for (var i = 2; i < 40 && !process.HasExited; i++)
        {
            try
            {
                await process.StandardInput.WriteLineAsync(CallLine(i));
                await process.StandardInput.FlushAsync();
            }
            catch (IOException)
            {
                break;
            }

            await Task.Delay(50);
        }

        await process.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token);
        Assert.True(process.ExitCode != 0, await messages);
        Assert.Contains("fsync failed", await messages);
        await output;

        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.True(records.Count >= before);
        await using (var next = await WrappedServer.EverythingAsync(folder["data"]))
        {
            await next.EchoAsync("after");
            Assert.Equal(0, await next.CloseAsync());
        }

        var fsck = await CairnProgram.RunAsync("fsck", "--data", folder["data"]);
        Assert.True(fsck.ExitCode == 0, fsck.ToString());
    }

    [Fact]
    public async Task A_ledger_server_that_goes_away_refuses_strict_calls_and_the_evidence_tells_it_when_it_is_back()
    {
        using var folder = new TemporaryFolder();
        var listen = $"http://127.0.0.1:{RunningCairn.FreePort()}";
        await using var server = await ServeAsync(folder, listen);
        var token = (await File.ReadAllTextAsync(folder["data/enrol.token"])).Trim();
        await using var gateway = await WrappedServer.StartAsync(folder["unused"], [], WrappedServer.Everything, start =>
        {
            var at = start.ArgumentList.IndexOf("--data");
            start.ArgumentList[at] = "--server";
            start.ArgumentList[at + 1] = listen;
            start.Environment["CAIRN_ENROL_TOKEN"] = token;
            start.Environment["XDG_STATE_HOME"] = folder["state"];
        });
        await gateway.EchoAsync("while it is there");

        await server.KillAsync();
        var refusal = await RefusalAsync(gateway);
        Assert.Contains("evidence", refusal);

        await using var again = await ServeAsync(folder, listen);
        for (var i = 0; ; i++)
        {
            if (await RefusalAsync(gateway) is null)
            {
                break;
            }

            Assert.True(i < 30, "the gateway never took calls again");
            await Task.Delay(500);
        }

        Assert.Equal(0, await gateway.CloseAsync());
        await again.KillAsync();
        var records = await Recorded.ReadAsync(folder["data"]);
        var outcomes = records.Where(record => record.Kind == RecordKinds.ActionCompleted).Select(record => record.Body.GetProperty("status").GetString()).ToList();
        Assert.Contains("refused", outcomes);
        Assert.Contains("ok", outcomes);

        // The gateway's trail, and the operator's with the enrolment: neither has a gap.
        Assert.All(
            records.GroupBy(record => record.Trace),
            trail => Assert.Equal(Enumerable.Range(0, trail.Count()).Select(n => (long)n), trail.Select(record => record.Seq)));
        var fsck = await CairnProgram.RunAsync("fsck", "--data", folder["data"]);
        Assert.True(fsck.ExitCode == 0, fsck.ToString());
    }

    private static string CallLine(int id) =>
        System.Text.Json.JsonSerializer.Serialize(new { jsonrpc = "2.0", id, method = "tools/call", @params = new { name = "echo", arguments = new { message = $"{id}" } } });

    private static async Task<string?> RefusalAsync(WrappedServer gateway)
    {
        try
        {
            var result = await gateway.EchoAsync("now?").WaitAsync(TimeSpan.FromSeconds(40));
            return result.IsError == true ? Recorded.TextOf(result) : null;
        }
        catch (McpException problem)
        {
            return problem.Message;
        }
    }

    private static Task<RunningCairn> ServeAsync(TemporaryFolder folder, string listen) =>
        RunningCairn.StartAsync("serving", "serve", "--data", folder["data"], "--listen", listen);
}
