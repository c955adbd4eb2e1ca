using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Cairn.Evidence.Tests.Statements;
using Cairn.Evidence.Trust;

namespace Cairn.Evidence.Tests.Trust;

/// <summary>A change of a trust bundle has one form: what two readers could take differently is refused.</summary>
public sealed class TrustChangeFormTests
{
    [Fact]
    public void Change_as_it_should_be_is_read() => Assert.Equal("example.org", Parse(Bundle(Root()))!.TrustDomain);

    [Theory]
    [InlineData(" ")]
    [InlineData("\n")]
    public void White_space_in_the_base64_of_the_bundle_is_refused(string space)
    {
        var text = Bundle(Root());

        var error = Assert.Throws<EvidenceFormatException>(() => Parse(text, base64 => base64[..8] + space + base64[8..]));

        Assert.Contains("canonical base64", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void White_space_in_the_base64_of_a_root_is_refused()
    {
        var root = Root();

        var error = Assert.Throws<EvidenceFormatException>(() => Parse(Bundle(root[..8] + " " + root[8..])));

        Assert.Contains("canonical base64", error.Message, StringComparison.Ordinal);
    }

    private static string Root()
    {
        using var root = TestAuthority.Root();
        return Convert.ToBase64String(root.RawData);
    }

    private static string Bundle(string root) => $$"""{"keys":[{"use":"x509-svid","kty":"EC","crv":"P-256","x":"","y":"","x5c":["{{root}}"]}]}""";

    private static TrustChange? Parse(string document, Func<string, string>? alter = null)
    {
        var bytes = Encoding.UTF8.GetBytes(document);
        var base64 = Convert.ToBase64String(bytes);
        return TrustChange.Parse(JsonSerializer.SerializeToElement(new Dictionary<string, string>
        {
            ["by"] = "ops@example.org",
            ["trust_domain"] = "example.org",
            ["new"] = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}",
            ["reason"] = "first",
            ["bundle"] = alter?.Invoke(base64) ?? base64,
        }));
    }
}
