using System.Security.Cryptography.X509Certificates;
using System.Net;
using System.Text;
using Cairn.Evidence.Checkpoints;
using Cairn.Evidence.Witnessing;
using Cairn.Witness.Serving;

namespace Cairn.Witness.Tests;

/// <summary>The witness over HTTP, and killed at any moment.</summary>
public sealed class WitnessServerTests : IDisposable
{
    private readonly TestLog _log = new();
    private readonly TestWitness _witness = new();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _http.Dispose();
        _log.Dispose();
        _witness.Dispose();
    }

    [Fact]
    public async Task A_log_gets_cosignatures_and_a_monitor_sees_them()
    {
        await using var server = await StartAsync();

        var answer = await PostAsync(server.Address, _log.Request(0, 5));
        var seen = await _http.GetAsync(new Uri(server.Address, $"{OriginHash.Of(_log.Origin)}/checkpoint"), TestContext.Current.CancellationToken);
        var note = SignedNote.Parse(await seen.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.All(_witness.Keys.Concat(_log.Keys.Select(log => log.Key)), key => Assert.Equal(NoteCheckResult.Good, key.Verify(note).Result));
        Assert.Contains(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), Encoding.UTF8.GetString(note.Encode()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_conflict_has_the_size_and_its_media_type()
    {
        await using var server = await StartAsync();
        await PostAsync(server.Address, _log.Request(0, 5));

        var answer = await PostAsync(server.Address, _log.Request(0, 6));

        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Equal("text/x.tlog.size", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal("5\n", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Other_methods_paths_and_large_bodies_are_refused()
    {
        await using var server = await StartAsync();

        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await _http.GetAsync(new Uri(server.Address, "add-checkpoint"), TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(new Uri(server.Address, $"{OriginHash.Of(_log.Origin)}/checkpoint"), TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(new Uri(server.Address, $"{new string('0', 64)}/history"), TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await PostAsync(server.Address, new byte[AddCheckpointRequest.MaxBytes + 1])).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(server.Address, [])).StatusCode);
    }

    [Fact]
    public async Task Over_TLS_it_answers_with_its_certificate()
    {
        var (certificate, key) = TestCertificate.Write(_witness.Folder);
        await using var server = await WitnessServer.StartAsync(
            new WitnessServerOptions { Path = _witness.Directory.Root, Logs = _log.Keys, Url = "https://127.0.0.1:0", CertificatePath = certificate, CertificateKeyPath = key }, TestContext.Current.CancellationToken);
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, presented, _, _) => presented!.Subject == "CN=witness.test" };
        using var http = new HttpClient(handler);

        Assert.Equal("ok\n", await http.GetStringAsync(new Uri(server.Address, "healthz"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_certificate_that_is_replaced_on_disk_is_what_the_next_connections_get()
    {
        var (certificate, key) = TestCertificate.Write(_witness.Folder);
        await using var server = await WitnessServer.StartAsync(
            new WitnessServerOptions { Path = _witness.Directory.Root, Logs = _log.Keys, Url = "https://127.0.0.1:0", CertificatePath = certificate, CertificateKeyPath = key, Log = _witness.Said.Add }, TestContext.Current.CancellationToken);
        var before = await PresentedAsync(server.Address);

        TestCertificate.Write(_witness.Folder);
        await Task.Delay(TimeSpan.FromSeconds(1.2), TestContext.Current.CancellationToken);
        var after = await PresentedAsync(server.Address);

        Assert.NotEqual(before, after);
        Assert.Equal(X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(certificate, TestContext.Current.CancellationToken)).Thumbprint, after);
        Assert.Contains(_witness.Said, line => line.StartsWith("TLS goes on with the certificate now in", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_https_address_without_a_certificate_does_not_start() =>
        await Assert.ThrowsAsync<WitnessException>(() => WitnessServer.StartAsync(
            new WitnessServerOptions { Path = _witness.Directory.Root, Logs = _log.Keys, Url = "https://127.0.0.1:0" }, TestContext.Current.CancellationToken));

    [Fact]
    public async Task Killed_at_any_moment_it_never_cosigns_a_smaller_or_another_tree()
    {
        var logs = Path.Combine(_witness.Folder, "logs.policy");
        await File.WriteAllTextAsync(logs, string.Concat(_log.Keys.Select(log => $"log {log.Key}\n")) + "quorum none\n", TestContext.Current.CancellationToken);
        var (cosigned, size) = (0, 0);
        for (var round = 0; round < 6; round++)
        {
            var (process, address) = await ChildProcess.StartAsync(_witness.Directory.Root, logs);
            using var killed = process;
            Task? kill = null;
            while (true)
            {
                try
                {
                    var answer = await PostAsync(address, _log.Request(size, size + 1));
                    if (answer.StatusCode == HttpStatusCode.Conflict)
                    {
                        var known = int.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
                        Assert.True(known >= cosigned, $"a cosignature of size {cosigned} left the witness, and now it knows {known}");
                        Assert.InRange(known, size, size + 1);
                        size = known;
                        Assert.NotEqual(HttpStatusCode.OK, (await PostAsync(address, _log.Request(size, size + 2, forkedAt: 0))).StatusCode);
                    }
                    else if (answer.StatusCode == HttpStatusCode.OK)
                    {
                        cosigned = ++size;
                        kill ??= Task.Delay(Random.Shared.Next(1, 150)).ContinueWith(_ => process.Kill(), TaskScheduler.Default);
                    }
                }
                catch (HttpRequestException)
                {
                    break;
                }
            }

            await kill!;
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.True(cosigned > 0);
    }

    private Task<WitnessServer> StartAsync() => WitnessServer.StartAsync(
        new WitnessServerOptions { Path = _witness.Directory.Root, Logs = _log.Keys, Url = "http://127.0.0.1:0" }, TestContext.Current.CancellationToken);

    private static async Task<string> PresentedAsync(Uri address)
    {
        var presented = "";
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, certificate, _, _) => (presented = certificate!.Thumbprint) != "" };
        using var http = new HttpClient(handler);
        await http.GetStringAsync(new Uri(address, "healthz"), TestContext.Current.CancellationToken);
        return presented;
    }

    private async Task<HttpResponseMessage> PostAsync(Uri address, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        return await _http.PostAsync(new Uri(address, "add-checkpoint"), content, TestContext.Current.CancellationToken);
    }
}
