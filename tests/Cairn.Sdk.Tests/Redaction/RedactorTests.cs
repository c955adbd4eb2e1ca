using System.Text;
using System.Text.Json;
using CsCheck;

namespace Cairn.Sdk.Tests.Redaction;

public class RedactorTests
{
    private const string Secret = "hunter2-S3cr3tValue-99";
    private static readonly string[] Names = ["password", "API-Key", "client_secret", "Authorization", "x.auth.token"];
    private const string Jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";

    [Theory]
    [InlineData("""{"authorization":"§"}""")]
    [InlineData("""{"Authorization":"Bearer §"}""")]
    [InlineData("""{"headers":{"X-Api-Key":"§"}}""")]
    [InlineData("""{"headers":{"set-cookie":["a=1","sid=§; HttpOnly"]}}""")]
    [InlineData("""{"headers":[{"name":"Cookie","value":"§"}]}""")]
    [InlineData("""{"headers":[["Authorization","§"]]}""")]
    [InlineData("""{"env":{"AWS_SECRET_ACCESS_KEY":"§","PATH":"/bin"}}""")]
    [InlineData("""{"a":[{"b":{"clientSecret":{"current":"§"}}}]}""")]
    [InlineData("""{"PASSWORD":"§"}""")]
    [InlineData("""{"db.password":"§"}""")]
    [InlineData("""{"refresh-token":"§"}""")]
    [InlineData("""{"args":["--user","me","--password","§"]}""")]
    [InlineData("""{"args":["--token=§"]}""")]
    [InlineData("""{"command":"curl -H 'Authorization: token §' https://example.org"}""")]
    [InlineData("""{"command":"export API_KEY=§; run"}""")]
    [InlineData("""{"text":"{\"config\":{\"password\":\"§\"}}"}""")]
    [InlineData("""{"text":"{\"inner\":\"{\\\"api_key\\\":\\\"§\\\"}\"}"}""")]
    [InlineData("""{"p\u0061ssword":"§"}""")]
    [InlineData("""{"url":"https://user:§@example.org/path"}""")]
    [InlineData("""{"url":"https://example.org/path?access_token=§&page=2"}""")]
    [InlineData("""{"dsn":"postgres://app:§@db/main"}""")]
    [InlineData("""{"text":"broken json: {\"password\": \"§\", "}""")]
    [InlineData("""{"password":["§",{"deep":"§"}]}""")]
    [InlineData("""["password","§"]""")]
    [InlineData("""{"key":"kJ8xQ2vN5mR7pT1wZ4bC6dF9-§"}""")]
    public void Json_loses_the_secret_and_stays_json(string document)
    {
        var input = document.Replace("§", Secret, StringComparison.Ordinal);
        var output = Encoding.UTF8.GetString(Redactor.RedactContent(Encoding.UTF8.GetBytes(input), out var found).Span);

        Assert.DoesNotContain(Secret, output, StringComparison.Ordinal);
        Assert.Contains("[redacted:", output, StringComparison.Ordinal);
        Assert.True(found > 0);
        using var parsed = JsonDocument.Parse(output);
    }

    [Fact]
    public void Base64_of_a_document_with_a_secret_loses_it()
    {
        var inner = Convert.ToBase64String(Encoding.UTF8.GetBytes($$"""{"user":"me","password":"{{Secret}}"}"""));
        var output = Redactor.RedactContent(Encoding.UTF8.GetBytes($$"""{"blob":"{{inner}}"}"""), out var found);
        using var parsed = JsonDocument.Parse(output);
        var decoded = Encoding.UTF8.GetString(Convert.FromBase64String(parsed.RootElement.GetProperty("blob").GetString()!));

        Assert.Equal(1, found);
        Assert.DoesNotContain(Secret, decoded, StringComparison.Ordinal);
        Assert.Contains("\"user\":\"me\"", decoded, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Authorization: Bearer abcdefgh12345678")]
    [InlineData("authorization: bearer ABCDEFGH12345678")]
    [InlineData("Basic YWxhZGRpbjpvcGVuc2VzYW1l")]
    [InlineData("AKIAIOSFODNN7EXAMPLE")]
    [InlineData("ghp_0123456789abcdefghijABCDEFGHIJ012345")]
    [InlineData("xoxb-123456789012-abcdefghijkl")]
    [InlineData("sk-proj-0123456789abcdefABCDEF")]
    [InlineData("sk_live_0123456789abcdef")]
    [InlineData(Jwt)]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA")]
    [InlineData("PRIVATE+KEY+log.example.org+abcdef01+AAAA")]
    public void Text_loses_secrets_that_show_by_their_form(string secret)
    {
        var output = Redactor.RedactText($"before {secret} after");
        var telling = secret.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.StartsWith("before ", output, StringComparison.Ordinal);
        Assert.Contains("[redacted:", output, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, output, StringComparison.Ordinal);
        if (!telling.StartsWith("-----", StringComparison.Ordinal))
        {
            Assert.DoesNotContain(telling, output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"path":"/etc/hosts","offset":12,"_meta":{"progressToken":"p-1"}}""")]
    [InlineData("""{"usage":{"input_tokens":12,"output_tokens":30,"max_tokens":100}}""")]
    [InlineData("""{"nextPageToken":"cGFnZTI","cursor":"abc"}""")]
    [InlineData("""{"text":"a basic understanding of the bearer of bad news"}""")]
    [InlineData("""{"text":"see https://example.org/a?page=2&sort=asc"}""")]
    [InlineData("""{"name":"read_file","value":"docs/a.txt"}""")]
    [InlineData("""{"sha":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}""")]
    [InlineData("""{"key":"color","enabled":true,"password":null,"secret":false}""")]
    [InlineData("""{"image":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"}""")]
    [InlineData("not json at all, just a sentence: with a colon = and an equals sign")]
    public void Harmless_content_is_left_byte_for_byte(string document)
    {
        var input = Encoding.UTF8.GetBytes(document);
        Assert.Equal(input, Redactor.RedactContent(input, out var found).ToArray());
        Assert.Equal(0, found);
    }

    [Theory]
    [InlineData("https://example.org/a?token=abc&page=2#frag", "https://example.org/a?token=[redacted:query]&page=[redacted:query]#frag")]
    [InlineData("https://me:pw@example.org/a", "https://[redacted:userinfo]@example.org/a")]
    [InlineData("https://ghp_0123456789abcdefghij@example.org/a", "https://[redacted:userinfo]@example.org/a")]
    [InlineData("https://example.org/cb#access_token=abc&state=x", "https://example.org/cb#access_token=[redacted:query]&state=[redacted:query]")]
    [InlineData("file:///home/me/report.txt", "file:///home/me/report.txt")]
    [InlineData("mcp://filesystem/tools/read_file", "mcp://filesystem/tools/read_file")]
    public void Uri_loses_userinfo_and_query_values(string uri, string expected) => Assert.Equal(expected, Redactor.RedactUri(uri));

    [Fact]
    public void Arguments_lose_the_values_of_secret_flags() =>
        Assert.Equal(
            ["server", "--root", "/data", "--api-key", "[redacted:value]", "--token=[redacted:value]", "-v", "https://[redacted:userinfo]@example.org"],
            Redactor.RedactArguments(["server", "--root", "/data", "--api-key", Secret, $"--token={Secret}", "-v", $"https://u:{Secret}@example.org"]));

    [Fact]
    public void Redaction_is_stable_a_second_pass_changes_nothing()
    {
        var once = Redactor.RedactContent(Encoding.UTF8.GetBytes($$"""{"password":"{{Secret}}","text":"Authorization: Bearer {{Secret}}","args":["--token","{{Secret}}"]}"""), out _);
        Assert.Equal(once.ToArray(), Redactor.RedactContent(once, out var again).ToArray());
        Assert.Equal(0, again);
    }

    [Fact]
    public void Secret_under_a_telling_name_is_found_at_every_depth_and_in_every_layer() =>
        Gen.Select(Gen.Int[0, 30], Gen.Int[0, 3], Gen.Int[0, Names.Length - 1]).Sample((depth, layers, which) =>
        {
            var document = string.Concat(Enumerable.Repeat("""{"a":[""", depth)) + $$"""{"{{Names[which]}}":"{{Secret}}"}""" + string.Concat(Enumerable.Repeat("]}", depth));
            for (var i = 0; i < layers; i++)
            {
                document = JsonSerializer.Serialize(new { text = document });
            }

            var output = Encoding.UTF8.GetString(Redactor.RedactContent(Encoding.UTF8.GetBytes(document), out var found).Span);
            Assert.Equal(1, found);
            Assert.DoesNotContain(Secret, output, StringComparison.Ordinal);
        }, iter: 300);

    [Fact]
    public void Any_bytes_are_accepted() =>
        Gen.Byte.Array[0, 300].Sample(bytes => Assert.True(Redactor.RedactContent(bytes, out _).Length >= 0), iter: 2000);

    [Fact]
    public async Task Long_hostile_text_ends_in_time()
    {
        foreach (var unit in new[] { "a", "-----BEGIN PRIVATE KEY-----", "eyJaaaaaaaaaa.", "a=", "https://", "bearer ", "{\"", "A1_." })
        {
            var text = string.Concat(Enumerable.Repeat(unit, 400_000 / unit.Length));
            await Task.Run(() => Redactor.RedactText(text), TestContext.Current.CancellationToken)
                .WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        }
    }
}
