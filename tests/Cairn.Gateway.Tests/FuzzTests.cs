using System.Text;
using System.Text.Json.Nodes;
using Cairn.Evidence.Records;
using Cairn.Gateway.Tests.Harness;

namespace Cairn.Gateway.Tests;

/// <summary>Random damage in both directions: nothing crashes, nothing unreadable reaches the server, every byte of the server's reaches the client.</summary>
public sealed class FuzzTests
{
    private static readonly string[] Seeds =
    [
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"line","arguments":{"a":[1,2.5e3,"x"]},"_meta":{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"}}}""",
        """{"jsonrpc":"2.0","id":"s","method":"x/raw","params":{"\u0061":"é","b":null}}""",
        """[{"jsonrpc":"2.0","id":2,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}]""",
        """{"jsonrpc":"2.0","id":9,"result":{"content":[],"isError":false}}""",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Damaged_lines_of_a_client_never_reach_the_server_unreadable(int seed)
    {
        // The puppet parses every line and ends when one is not JSON.
        await using var harness = await GatewayHarness.PuppetAsync();
        var random = new Random(seed);
        var reading = Task.Run(async () =>
        {
            while (!Encoding.UTF8.GetString(await harness.ReadAsync() ?? throw new InvalidOperationException("the gateway closed its output")).Contains("\"last\"", StringComparison.Ordinal))
            {
            }
        });
        for (var i = 0; i < 400; i++)
        {
            await harness.SendAsync(Damaged(random));
        }

        await harness.SendAsync("""{"jsonrpc":"2.0","id":"last","method":"ping"}""");
        await reading.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(0, await harness.CloseAsync());
        Assert.Contains(harness.Records, r => r.Kind == RecordKinds.GapDeclared);
        Assert.Equal(
            harness.Records.Count(r => r.Kind == RecordKinds.ActionRequested), harness.Records.Count(r => r.Kind == RecordKinds.ActionCompleted));
    }

    [Fact]
    public async Task Client_sees_every_byte_that_the_server_writes_whatever_it_is()
    {
        await using var harness = await GatewayHarness.PuppetAsync(o => o with { MaxMessageBytes = 3000 });
        var random = new Random(3);
        var bytes = new List<byte>();
        for (var i = 0; i < 200; i++)
        {
            bytes.AddRange(i % 10 == 0 ? [.. Enumerable.Repeat((byte)random.Next(256), 5000).Where(b => b != '\n'), (byte)'\n'] : Damaged(random));
        }

        // In pieces, since the limit holds for the client's side too.
        var pieces = bytes.Chunk(1500).ToList();
        foreach (var piece in pieces)
        {
            await harness.SendAsync(new JsonObject
            {
                ["id"] = 1,
                ["method"] = "tools/call",
                ["params"] = new JsonObject { ["name"] = "spill", ["arguments"] = new JsonObject { ["base64"] = Convert.ToBase64String(piece) } },
            }.ToJsonString());
        }

        var seen = new List<byte>();
        while (seen.Count < bytes.Count)
        {
            seen.AddRange(await harness.ReadAsync() ?? throw new InvalidOperationException("the gateway closed its output"));
            seen.Add((byte)'\n');
        }

        Assert.Equal(bytes, seen);
    }

    /// <summary>A line with up to three bytes changed, removed, put in or repeated.</summary>
    private static byte[] Damaged(Random random)
    {
        var line = Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)]).ToList();
        for (var i = random.Next(4); i > 0; i--)
        {
            var at = random.Next(line.Count);
            switch (random.Next(4))
            {
                case 0:
                    line[at] = (byte)random.Next(256);
                    break;
                case 1:
                    line.RemoveAt(at);
                    break;
                case 2:
                    line.Insert(at, (byte)"{}[]\",:\r\\0 "[random.Next(11)]);
                    break;
                default:
                    line.InsertRange(at, line.GetRange(0, Math.Min(at, 30)));
                    break;
            }
        }

        return [.. line.Where(b => b != '\n'), (byte)'\n'];
    }
}
