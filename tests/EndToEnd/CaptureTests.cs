using System.Text;
using Cairn.Evidence.Records;
using Cairn.Evidence.Tests.Verification;

namespace Cairn.EndToEnd;

public class CaptureTests
{
    private const string Marker = "marmalade-7f3a-tangerine";
    private const string Token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

    [Fact]
    public async Task Metadata_capture_leaves_no_content_anywhere_on_disk()
    {
        using var folder = new TemporaryFolder();
        var trace = await CallWithContentAsync(folder, "metadata");

        Assert.Empty(TemporaryFolder.FilesHolding(folder.Path, Marker, Token, Convert.ToBase64String(Encoding.UTF8.GetBytes(Marker))));
        var records = await Recorded.ReadAsync(folder["data"]);
        Assert.Contains(records, record => record.Kind == RecordKinds.ActionCompleted);
        Assert.All(records, record =>
        {
            var text = Encoding.UTF8.GetString(record.Bytes.Span);
            Assert.DoesNotContain(Marker, text);
            Assert.DoesNotContain(Token, text);
        });

        var export = await CairnProgram.RunAsync("export", trace, "--data", folder["data"], "-o", folder["trail.zip"], "--content");
        Assert.True(export.ExitCode == 0, export.ToString());
        System.IO.Compression.ZipFile.ExtractToDirectory(folder["trail.zip"], folder["bundle"]);
        Assert.Empty(TemporaryFolder.FilesHolding(folder["bundle"], Marker, Token));
    }

    [Fact]
    public async Task Full_capture_keeps_content_encrypted_and_discloses_it_without_the_secrets()
    {
        using var folder = new TemporaryFolder();
        var trace = await CallWithContentAsync(folder, "full");

        Assert.Empty(TemporaryFolder.FilesHolding(folder["data"], Marker, Token));
        var export = await CairnProgram.RunAsync("export", trace, "--data", folder["data"], "-o", folder["trail.zip"], "--content");
        Assert.True(export.ExitCode == 0, export.ToString());
        System.IO.Compression.ZipFile.ExtractToDirectory(folder["trail.zip"], folder["bundle"]);
        Assert.NotEmpty(TemporaryFolder.FilesHolding(folder["bundle"], Marker));
        Assert.Empty(TemporaryFolder.FilesHolding(folder["bundle"], Token));

        var keys = await CairnProgram.RunAsync("keys", "--data", folder["data"]);
        await File.WriteAllTextAsync(folder["trust.policy"], keys.Output, TestContext.Current.CancellationToken);
        var verified = await CairnProgram.RunAsync("verify", folder["trail.zip"], "--trust", folder["trust.policy"]);
        Assert.True(verified.ExitCode == 0, verified.ToString());

        var bundle = await File.ReadAllBytesAsync(folder["trail.zip"], TestContext.Current.CancellationToken);
        var changed = BundleBytes.Edit(bundle, "content.bin", text => text.Replace(Marker, $"x{Marker[1..]}", StringComparison.Ordinal));
        await File.WriteAllBytesAsync(folder["altered.zip"], changed, TestContext.Current.CancellationToken);
        var altered = await CairnProgram.RunAsync("verify", folder["altered.zip"], "--trust", folder["trust.policy"]);
        Assert.Equal(1, altered.ExitCode);
        Assert.Contains("content-mismatch", altered.Output);
    }

    private static async Task<string> CallWithContentAsync(TemporaryFolder folder, string capture)
    {
        await using (var server = await WrappedServer.EverythingAsync(folder["data"], "--capture", capture))
        {
            await server.Client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken);
            Assert.Contains(Marker, Recorded.TextOf(await server.EchoAsync($"{Marker} with token {Token}")));
            Assert.Equal(0, await server.CloseAsync());
        }

        return (await Recorded.ReadAsync(folder["data"]))[0].Trace.ToString();
    }
}
